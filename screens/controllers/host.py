"""Define what controllers need of the screen that they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from textual.screen import Screen
    from textual.timer import Timer, TimerCallback

Result = TypeVar("Result")


class Host(Protocol):
    """The main screen as its controllers see it.

    Tests pass one that does everything immediately.
    """

    @property
    def alive(self) -> bool:
        """Return whether the screen is open: results that arrive later are dropped."""

    @property
    def in_front(self) -> bool:
        """Return whether no page or dialog covers the screen."""

    @property
    def only_ascii(self) -> bool:
        """Return whether the terminal shows only ASCII."""

    @property
    def open_pages(self) -> Sequence[Screen[Any]]:
        """Return all screens that are open, the lowest first."""

    def run_in_background(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        *,
        group: str,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Run `work` in a thread and give its result to `then`.

        The sentence of a PiwizardError goes to `refused`, or to the notice line. A newer call with the same `group`
        replaces an older one.
        """

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        """Start asynchronous work, in place of earlier work of the same group."""

    def cancel(self, group: str) -> None:
        """Cancel the work of a group."""

    def set_timer(self, delay: float, callback: TimerCallback | None = None) -> Timer:
        """Call back after `delay` seconds."""

    def call_after_refresh(self, callback: Callable[[], object]) -> bool:
        """Call back when the screen has been drawn again."""

    def notify_line(self, text: str, style: str = "yellow") -> None:
        """Show one line above the keys; an empty one removes it."""

    def open(self, page: Screen[Result], then: Callable[[Result | None], None] | None = None) -> None:
        """Show a page or dialog over the screen and give its answer to `then`."""

    async def messages_handled(self) -> None:
        """Wait until the screen has handled every message sent to it so far."""
