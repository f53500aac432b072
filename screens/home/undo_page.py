"""List the steps of a site that can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.home.site_page import ActionList
from piwizard.screens.page import Page

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.screens.machine_overview import MachineOverview
    from piwizard.screens.screen_service import ScreenService

INTRODUCTION = "Undo restores the files as they were. piwizard asks before it starts, and keeps the app's data."


class UndoPage(Page):
    """The steps of a site, the last one first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="undo")
        self.site = site
        self.text = Static(INTRODUCTION, markup=False)
        self.steps = ActionList(())

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield Static("")
        yield self.steps

    def buttons(self) -> Sequence[tuple[str, str]]:
        return (("back", "Back"), ("everything", "Undo everything…"))

    def on_mount(self) -> None:
        self.rail.show(f"{self.site} · Undo a step", "")
        self.steps.focus()
        self.refresh_steps()

    def refresh_steps(self) -> None:
        """Read which steps are set up."""
        self.run_in_background(lambda: self.service.overview(thorough=False), self._show, group="overview")

    def _show(self, overview: MachineOverview) -> None:
        done = [one for one in reversed(overview.statuses) if one.instance.site == self.site and one.run]
        self.steps.show(tuple((one.instance.step.name, one.instance.step.title, one.summary) for one in done))
        if not done:
            self.text.update("Nothing of this site is set up.")

    async def on_action_list_action_chosen(self, event: ActionList.ActionChosen) -> None:
        await self.navigator.open_removal(self.site, event.name)

    async def action_everything(self) -> None:
        """Say what undoing all steps of all sites means, and ask."""
        await self.navigator.open_full_undo()
