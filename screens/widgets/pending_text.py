"""Announce what a page reads, until it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from piwizard.screens.widgets.log_builder import clean

if TYPE_CHECKING:
    from textual.visual import VisualType


class PendingText(Static):
    """A text that is not known yet.

    `pending` is false as soon as anything else is shown in its place.
    """

    def __init__(self, announcement: str) -> None:
        super().__init__(Text(announcement, "dim"), markup=False)
        self.pending = True

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        self.pending = False
        super().update(content, layout=layout)

    def refuse(self, sentence: str) -> None:
        """Say why there is nothing to show."""
        self.update(Text().append("! ", "yellow").append(clean(sentence)))
