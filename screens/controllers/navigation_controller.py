"""Move between the steps, the tabs and the fields of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.widgets.list_pane import ListPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widgets import ContentSwitcher

    from piwizard.screens.controllers.host import Host
    from piwizard.screens.widgets.setup_pane import SetupPane
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.screens.widgets.tab_bar import TabBar
    from piwizard.steps.registry import StepInstance

SECONDS_TO_SHOW_QUESTIONS = 0.6
"""Seconds in which the questions of a step usually appear after it was chosen."""
MOST_URGENT_FIRST = ("running", "failed", "interrupted", "drifted", "todo")


class NavigationController:
    """Knows the chosen step, the tab in front and the cursor.

    `tab_chosen` is called after each choice of a tab.
    """

    def __init__(
        self,
        host: Host,
        sidebar: Sidebar,
        tab_bar: TabBar,
        panes: ContentSwitcher,
        setup_pane: SetupPane,
        tab_chosen: Callable[[], None],
    ) -> None:
        self._host, self._sidebar, self._tab_bar, self._panes = host, sidebar, tab_bar, panes
        self._setup_pane, self._tab_chosen = setup_pane, tab_chosen

    @property
    def chosen(self) -> StepInstance | None:
        """Return the chosen step."""
        return self._sidebar.chosen

    @property
    def tab(self) -> str:
        """Return the tab in front."""
        return self._tab_bar.current

    @property
    def typing(self) -> bool:
        """Return whether the cursor is in a field: then nothing may move it."""
        return self._setup_pane.form.has_focus_within

    def choose_tab(self, tab: str, *, keep_cursor: bool = False) -> None:
        """Bring a tab to the front; move the cursor into it unless it is in the sidebar."""
        self._tab_bar.choose(tab)
        self._panes.current = tab.lower()
        self._tab_chosen()
        if not keep_cursor and not self._sidebar.has_focus:
            self.focus_pane()

    def focus_pane(self, key: str = "") -> None:
        """Put the cursor into the tab in front.

        In the setup tab, put it into the field of the question `key`.
        """
        if not self._host.alive:
            return
        pane = self._panes.visible_content
        if pane is self._setup_pane:
            self._setup_pane.focus_first(key)
        elif isinstance(pane, ListPane):
            pane.focus_first()

    def focus_steps(self) -> None:
        """Put the cursor into the list of steps."""
        self._host.notify_line("")
        self._sidebar.focus()

    def choose_most_urgent(self, *, near: bool = False) -> None:
        """Choose the most urgent step, from the chosen one onwards.

        `near` skips the steps of other sites.
        """
        steps = self._sidebar.steps
        here = steps.index(self.chosen) if self.chosen in steps else 0
        site = self.chosen.site if self.chosen else None
        ahead = [one for one in (*steps[here:], *steps[:here]) if not near or one.site in (site, None)]
        for wanted in MOST_URGENT_FIRST:
            for instance in ahead:
                if self._sidebar.state(instance) == wanted and not (wanted == "running" and instance.step.background):
                    self._sidebar.choose(instance.step.name, instance.site)
                    return

    def show_question(self, key: str) -> None:
        """Put the cursor into the field of a question, of the chosen site if possible."""
        site = self.chosen.site if self.chosen else None
        for instance in sorted(self._sidebar.steps, key=lambda instance: instance.site not in (site, None)):
            if any(question.key == key for question in instance.step.questions(None, None)):
                self._sidebar.choose(instance.step.name, instance.site)
                self.choose_tab("Setup")
                self._host.set_timer(SECONDS_TO_SHOW_QUESTIONS, lambda: self.focus_pane(key))
                return
