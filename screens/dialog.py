"""Ask a question over a page.

Keys that were typed for the page below do not count as an answer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from piwizard.screens.closing import close

if TYPE_CHECKING:
    from textual.events import Key

SECONDS_TO_READ_QUESTION = 0.3
"""Seconds after a question appears in which keys are dropped: they were typed for the page below."""

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A question with buttons. The first button is the safe one and has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "back")]

    def __init__(self, *, classes: str = "ask") -> None:
        super().__init__(classes=classes)
        self._appeared = time.monotonic()

    def on_mount(self) -> None:
        self.question_appeared()

    def question_appeared(self) -> None:
        """Drop keys until a person can have read the question."""
        self._appeared = time.monotonic()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._appeared = time.monotonic()

    def is_too_early(self, key: Key) -> bool:
        """Return whether a key was pressed before the question could be read."""
        return key.time < self._appeared + SECONDS_TO_READ_QUESTION

    def action_cancel(self) -> None:
        """Close the dialog without an answer."""
        close(self)
