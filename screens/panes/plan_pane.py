"""The second tab: the plan of the chosen step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.panes.plan_blocks import counted, plan_blocks
from piwizard.screens.widgets.list_pane import ListPane

if TYPE_CHECKING:
    from piwizard.setup.run_request import Plans


class PlanPane(ListPane):
    """The changes of the chosen step in order, each with its diff or its commands."""

    def __init__(self) -> None:
        super().__init__("plan")

    def wait(self) -> None:
        """Say that the plan is being worked out."""
        self.fill("Working out what would be done…", "dim", [])

    def refuse(self, sentence: str) -> None:
        """Say why there is no plan."""
        self.fill(sentence, "yellow", [])

    def show(self, plans: Plans) -> None:
        """Show the plan."""
        blocks = [block for place, changes in plans for block in plan_blocks(place, changes)]
        wanted = sum(not one.preview.in_sync for _, changes in plans for one in changes)
        if wanted:
            self.fill(f"{counted(wanted).capitalize()}. Nothing is done before you say yes.", "", blocks)
        else:
            self.fill("Nothing to change: everything is so already.", "green", blocks)
