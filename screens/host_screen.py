"""Do for the controllers what they ask of their host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.text import Text
from textual.screen import Screen
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread, start_worker
from piwizard.setup.answer_labels import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any, TypeVar

    Result = TypeVar("Result")


class HostScreen(Screen[None]):
    """A screen that implements `Host`.

    Subclasses show `notice`, the line above the keys. `kind` is its class in the style sheet, and no id: two pages of
    a kind may be open.
    """

    def __init__(self, *, kind: str) -> None:
        super().__init__(classes=kind)
        self.notice = Static(id="notice", markup=False)

    @property
    def alive(self) -> bool:
        return self.is_attached and self.app.is_running

    @property
    def in_front(self) -> bool:
        return self.app.screen is self

    @property
    def only_ascii(self) -> bool:
        return bool(getattr(self.app, "only_ascii", False))

    @property
    def open_pages(self) -> Sequence[Screen[Any]]:
        return self.app.screen_stack

    def run_in_background(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        *,
        group: str,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        async def body() -> None:
            try:
                result = await run_in_thread(work)
            except (PiwizardError, OSError) as error:  # such as a full disk
                if self.alive:
                    (refused or self.notify_line)(sentence_of(error))
            else:
                if self.alive:
                    then(result)

        self.start(body, group)

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        start_worker(self, work, group)

    def cancel(self, group: str) -> None:
        self.workers.cancel_group(self, group)

    def notify_line(self, text: str, style: str = "yellow") -> None:
        self.notice.update(Text().append(f" {text}", style))
        self.notice.display = bool(text)

    def open(self, page: Screen[Result], then: Callable[[Result | None], None] | None = None) -> None:
        self.app.push_screen(page, then)

    async def messages_handled(self) -> None:
        handled = asyncio.Event()
        if self.call_later(handled.set):  # comes after the messages that are queued already
            await handled.wait()
