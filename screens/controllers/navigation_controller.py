"""Move between the steps, the tabs and the fields of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.widgets.list_pane import ListPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widgets import ContentSwitcher

    from piwizard.screens.controllers.host import Host
    from piwizard.screens.panes.setup_pane import SetupPane
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.screens.widgets.tab_bar import TabBar
    from piwizard.steps.registry import StepInstance

SHOWING_QUESTIONS = 0.6
"""Seconds until the questions of a step that was just chosen are on the screen, as a rule."""
MOST_URGENT_FIRST = ("running", "failed", "interrupted", "drifted", "todo")


class NavigationController:
    """Own where the user is: the chosen step, the tab in front, the cursor. `tab_chosen` is called with every tab."""

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
    def place(self) -> StepInstance | None:
        """The chosen step."""
        return self._sidebar.place

    @property
    def tab(self) -> str:
        """The tab in front."""
        return self._tab_bar.current

    @property
    def typing(self) -> bool:
        """Whether the cursor is in the fields of a step: every key belongs to the user then, and the cursor stays."""
        return self._setup_pane.form.has_focus_within

    def choose_tab(self, tab: str, *, keep_cursor: bool = False) -> None:
        """Bring a tab to the front, and the cursor into it unless it is in the list of steps."""
        self._tab_bar.choose(tab)
        self._panes.current = tab.lower()
        self._tab_chosen()
        if not keep_cursor and not self._sidebar.has_focus:
            self.focus_pane()

    def focus_pane(self, key: str = "") -> None:
        """Put the cursor into the tab in front; in the setup tab, into the field of the question `key`."""
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
        """Choose the step that comes next, from the chosen one onwards.

        `near` leaves out the steps of other sites.
        """
        steps = self._sidebar.steps
        here = steps.index(self.place) if self.place in steps else 0
        site = self.place.site if self.place else None
        ahead = [one for one in (*steps[here:], *steps[:here]) if not near or one.site in (site, None)]
        for wanted in MOST_URGENT_FIRST:
            for place in ahead:
                if self._sidebar.state(place) == wanted and not (wanted == "running" and place.step.background):
                    self._sidebar.choose(place.step.name, place.site)
                    return

    def show_question(self, key: str) -> None:
        """Put the cursor into the field of a question, of the same site if it has one."""
        site = self.place.site if self.place else None
        for place in sorted(self._sidebar.steps, key=lambda place: place.site not in (site, None)):
            if any(question.key == key for question in place.step.questions(None, None)):
                self._sidebar.choose(place.step.name, place.site)
                self.choose_tab("Setup")
                self._host.set_timer(SHOWING_QUESTIONS, lambda: self.focus_pane(key))
                return
