"""Show the keys of the focused widget, and fit the screen to its width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.form.editors import Choice
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.key_bar import (
    BUTTON_KEYS,
    CHOICE_KEYS,
    FIELD_KEYS,
    FOLD_KEYS,
    LOG_KEYS,
    STEP_KEYS,
    KeyBar,
    KeyHint,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.screen import Screen
    from textual.widget import Widget

    from piwizard.screens.log.log_pane import LogPane
    from piwizard.screens.panes.setup_pane import SetupPane
    from piwizard.screens.widgets.list_pane import ListPane
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.screens.widgets.tab_bar import TabBar

NARROW_COLUMNS = 56
"""Columns below which only the steps or the chosen step fit."""


class LayoutController:
    """Knows which widgets have which keys, and which are hidden on a narrow screen."""

    def __init__(
        self,
        screen: Screen[None],
        *,
        sidebar: Sidebar,
        tab_bar: TabBar,
        setup_pane: SetupPane,
        log_pane: LogPane,
        folding_panes: Sequence[ListPane],
        key_bar: KeyBar,
    ) -> None:
        self._screen, self._sidebar, self._tab_bar, self._setup_pane = screen, sidebar, tab_bar, setup_pane
        self._log_pane, self._folding_panes, self._key_bar = log_pane, folding_panes, key_bar

    def focus_moved(self) -> None:
        """Show the keys of the widget that has the focus now."""
        self._key_bar.show(self._keys_of(self._screen.focused))
        self._setup_pane.set_class(self._setup_pane.has_focus_within, "-inside")
        self.fit_width()

    def _keys_of(self, focused: Widget | None) -> tuple[KeyHint, ...]:
        if focused is None or focused in (self._sidebar, self._tab_bar):
            return STEP_KEYS
        if focused is self._log_pane.list:
            return LOG_KEYS
        if any(focused is pane.list for pane in self._folding_panes):
            return FOLD_KEYS
        if isinstance(focused, ActionButton):
            return BUTTON_KEYS
        return CHOICE_KEYS if isinstance(focused, Choice) else FIELD_KEYS

    def fit_width(self) -> None:
        """Show only the steps or only the chosen step on a very narrow screen."""
        narrow = self._screen.size.width < NARROW_COLUMNS
        on_steps = self._screen.focused is None or self._screen.focused is self._sidebar
        self._sidebar.set_class(narrow and not on_steps, "-away")
        self._screen.query_one("#right").set_class(narrow and on_steps, "-away")
        self._sidebar.set_class(narrow, "-whole")
