"""Fit the screen to its width."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from piwizard.screens.widgets.sidebar import Sidebar

NARROW_COLUMNS = 56
"""Columns below which only the steps or the chosen step fit."""


class LayoutController:
    """Knows which widgets are hidden on a narrow screen."""

    def __init__(self, screen: Screen[None], *, sidebar: Sidebar) -> None:
        self._screen, self._sidebar = screen, sidebar

    def fit_width(self) -> None:
        """Show only the steps or only the chosen step on a very narrow screen."""
        narrow = self._screen.size.width < NARROW_COLUMNS
        on_steps = self._screen.focused is None or self._screen.focused is self._sidebar
        self._sidebar.set_class(narrow and not on_steps, "-away")
        self._screen.query_one("#right").set_class(narrow and on_steps, "-away")
        self._sidebar.set_class(narrow, "-whole")
