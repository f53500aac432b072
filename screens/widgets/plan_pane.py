"""Show the plan of the chosen step in the second tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.widgets.list_pane import ListPane
from piwizard.screens.widgets.plan_blocks import counted, plan_blocks

if TYPE_CHECKING:
    from piwizard.setup.run_request import Plans


class PlanPane(ListPane):
    """The changes of the chosen step in order, each with its diff or its commands."""

    def __init__(self) -> None:
        super().__init__("plan")

    def wait(self) -> None:
        """Say that the plan is being prepared."""
        self.fill("Preparing the plan…", "dim", [])

    def refuse(self, sentence: str) -> None:
        """Say why there is no plan."""
        self.fill(sentence, "yellow", [])

    def show(self, plans: Plans) -> None:
        """Show the plan."""
        blocks = [block for instance, changes in plans for block in plan_blocks(instance, changes)]
        wanted = sum(not one.preview.in_sync for _, changes in plans for one in changes)
        if wanted:
            self.fill(f"{counted(wanted).capitalize()}. Nothing changes until you confirm.", "", blocks)
        else:
            self.fill("No changes needed: everything is as planned.", "green", blocks)
