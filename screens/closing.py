"""Close a page or a dialog, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from textual.screen import Screen

    Answer = TypeVar("Answer")


def close(screen: Screen[Answer], answer: Answer | None = None) -> None:
    """Close a screen with its answer, if it is in front.

    Textual's `dismiss` closes whatever is in front, and answers again if the screen is closed already.
    """
    if screen.is_attached and screen.app.screen is screen:
        screen.dismiss(answer)
