"""What is known of the machine: looked at quickly, then thoroughly, and told to whoever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.log.run_outcome import RunOutcome, read_outcome
from piwizard.screens.pages.checkup_page import CheckupPage
from piwizard.screens.pages.summary_page import SummaryPage
from piwizard.screens.pages.welcome_pages import WelcomeBackPage, WelcomePage
from piwizard.screens.screen_service import MachineOverview
from piwizard.screens.walking import Walking

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


class Looking(Walking):
    """Walking, over what there is."""

    def look(self, *, thorough: bool) -> None:
        """Looks at the machine aside: quickly at what is remembered, or thoroughly at what really is."""
        self.later(
            lambda: self._look(thorough),
            lambda found: self._looked(found, thorough=thorough),
            group="look",
        )

    def _look(self, thorough: bool) -> MachineOverview:
        return self.backend.overview(thorough=thorough)

    def _looked(self, overview: MachineOverview, *, thorough: bool) -> None:
        first = self.overview is None
        self.overview = overview
        self.sidebar.show(overview.places, overview.statuses)
        if overview.trouble:
            self.notice(overview.trouble)
        if self.place:
            self.stand(self.place)
        self._tell_welcome(thorough=thorough)
        if first:
            self._read_outcomes(overview)
            self._choose_next()
        if not thorough:
            self.look(thorough=True)

    def _tell_welcome(self, *, thorough: bool) -> None:
        for screen in self.app.screen_stack:
            if self.overview and isinstance(screen, WelcomePage):
                screen.show(self.overview)
            elif self.overview and isinstance(screen, WelcomeBackPage):
                outcomes: dict[object, RunOutcome] = {place: found for place, (_, found) in self.outcomes.items()}
                screen.show(self.overview, outcomes, thorough=thorough)

    def _read_outcomes(self, overview: MachineOverview) -> None:
        wanted = [
            (status.place, status.run)
            for status in overview.statuses
            if status.run and status.state in ("failed", "interrupted")
        ]

        def read() -> dict[StepInstance, tuple[str, RunOutcome]]:
            return {
                place: (run, read_outcome(self.backend.record(run), (place.step.name, place.site)))
                for place, run in wanted
            }

        def learnt(found: dict[StepInstance, tuple[str, RunOutcome]]) -> None:
            self.outcomes |= found
            self._tell_welcome(thorough=False)

        if wanted:
            self.later(read, learnt, group="outcomes")

    def _choose_next(self) -> None:
        """The cursor goes to the step that comes next: what needs a look before what is new, from here on."""
        steps = self.sidebar.steps
        here = steps.index(self.place) if self.place in steps else 0
        for wanted in ("running", "failed", "interrupted", "drifted", "todo"):
            for place in (*steps[here:], *steps[:here]):
                if self.sidebar.state(place) == wanted and not (wanted == "running" and place.step.background):
                    self.sidebar.choose(place.step.name, place.site)
                    return

    def action_look_again(self) -> None:
        """Everything anew, also the app's repository."""
        self.backend.look_for_new_code()
        self.notice("Looking at everything again…", "dim")

        def looked(found: MachineOverview) -> None:
            self.notice("")
            self._looked(found, thorough=True)

        self.later(lambda: self._look(True), looked, group="look")

    def action_checkup(self) -> None:
        """Everything once more, as a visitor meets it."""
        self.app.push_screen(CheckupPage(self.backend))

    def action_ending(self) -> None:
        """The address, and what is where."""
        if self.overview is None:
            return
        only_ascii = bool(getattr(self.app, "only_ascii", False))
        self.app.push_screen(SummaryPage(self.overview, only_ascii=only_ascii, checkup=self.action_checkup))
