"""Show help for the focused field beside the content of a wide window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rich.text import Text
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.screen import Screen

HELP_BESIDE = "-help-beside"
"""The class of a page with this column, which fields need not repeat."""
COLUMNS_FOR_HELP = 120


@runtime_checkable
class HasHelp(Protocol):
    """A widget or a page that explains itself."""

    @property
    def help_text(self) -> str:
        """Return a title line, then sentences."""


def help_of(page: Screen[object]) -> tuple[str, str]:
    """Return a title and sentences about what has the focus, or else about the page."""
    nodes = page.focused.ancestors_with_self if page.focused is not None else [page]
    text = next((node.help_text for node in nodes if isinstance(node, HasHelp) and node.help_text), "")
    title, _, rest = text.partition("\n")
    return title, rest


class HelpColumn(Static):
    """The help for what has the focus."""

    def __init__(self) -> None:
        super().__init__(id="page-help", markup=False)

    def refresh_help(self) -> None:
        """Show the help for what has the focus now."""
        title, rest = help_of(self.screen)
        self.update(Text().append(title, "bold").append(f"\n\n{rest}" if rest else "", "dim"))
