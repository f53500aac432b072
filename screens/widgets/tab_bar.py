"""Show the line of tabs over a step."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Offset

from piwizard.screens.messages import TabChosen
from piwizard.screens.widgets.focusable import Focusable

TABS = ("Setup", "Plan", "Log", "Checks")


class TabBar(Focusable):
    """Setup, Plan, Log and Checks: the left and right keys move between them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", "previous tab", show=False),
        Binding("right", "turn(1)", "next tab"),
        Binding("down,enter", "app.focus_next", "into the tab", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self.current = TABS[0]

    def render(self) -> Text:
        line = Text(" ")
        for tab in TABS:
            if tab == self.current:
                line.append(f"[{tab}]", "bold reverse" if self.has_focus else "bold underline")
            else:
                line.append(f" {tab} ")
            line.append(" ")
        return line

    def choose(self, tab: str) -> None:
        """Show that this tab is in front."""
        self.current = tab
        self.refresh()

    def action_turn(self, by: int) -> None:
        self.post_message(TabChosen(TABS[(TABS.index(self.current) + by) % len(TABS)]))

    def on_click(self, event: Click) -> None:
        at = 1
        for tab in TABS:
            if at <= event.x < at + len(tab) + 2:
                self.post_message(TabChosen(tab))
            at += len(tab) + 3

    @property
    def cursor_screen_offset(self) -> Offset:
        """Return the cell for the terminal's cursor while this widget has the focus."""
        before = TABS[: TABS.index(self.current)]
        return self.content_region.offset + Offset(2 + sum(len(tab) + 3 for tab in before), 0)
