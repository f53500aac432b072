"""What controllers need of the screen that they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from textual.screen import Screen
    from textual.timer import Timer, TimerCallback

Result = TypeVar("Result")


class Host(Protocol):
    """The main screen as its controllers see it. A test gives them one that does everything at once."""

    @property
    def alive(self) -> bool:
        """Whether the screen is still there: what arrives after the user has quit is dropped."""

    @property
    def in_front(self) -> bool:
        """Whether no page or dialog covers the screen."""

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
        """Start asynchronous work; it replaces what is still running in the same group."""

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
