"""Show what was updated, rebuild environments, and look up vulnerabilities."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text

from piwizard.screens.home.reporting_page import ReportingPage
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.state_rows import StateRow, state_rows
from piwizard.screens.yes_no_dialog import YesNoDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.update_service import UpdateOverview

    SiteResults = Sequence[dict[str, Any]]

REBUILD = (
    "Rebuild the environments of all apps with the newest versions that their requirements allow? Each site continues "
    "meanwhile. If the smoke test fails, the environment in use stays."
)
LOOK_UP = (
    "Look up the packages of all apps at PyPI? If a fixed version of a vulnerable one exists, the environment of that "
    "app is rebuilt and deployed. If the smoke test fails, the environment in use stays."
)
REBUILDING, LOOKING_UP = "Rebuilding the environments", "Looking up the packages at PyPI"


class UpdatesPage(ReportingPage):
    """The updates of the last 30 days, and the environments of the apps."""

    TITLE: ClassVar[str] = "Updates"

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="updates-page")
        self.overview: UpdateOverview | None = None

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.overview is None or not self.overview.rebuilt:
            return (("back", "Back"),)
        return (("back", "Back"), ("rebuild", "Rebuild…"), ("look_up", "Check for vulnerabilities"))

    def read(self) -> None:
        self.read_for(self.text, self.service.update_overview, self._show, group="read")

    def _show(self, overview: UpdateOverview) -> None:
        self.overview = overview
        rows: list[StateRow] = [
            ("✓" if day else "○", site, f"rebuilt on {day}" if day else "not rebuilt since the last deploy")
            for site, day in overview.rebuilt.items()
        ]
        self.show_text(Text("Environments", "bold"), state_rows(rows), upgrades_text(overview))

    def action_rebuild(self) -> None:
        """Ask whether to rebuild the environments."""
        self._ask(REBUILD, "Rebuild", REBUILDING, partial(self.service.run_update, "rebuild"), self._rebuilt)

    def action_look_up(self) -> None:
        """Ask whether to look up known vulnerabilities of the apps' packages."""
        work = partial(self.service.run_update, "advisories")
        self._ask(LOOK_UP, "Look up", LOOKING_UP, work, self._looked_up)

    def _ask(
        self,
        question: str,
        yes: str,
        what: str,
        work: Callable[[], SiteResults],
        then: Callable[[SiteResults], None],
    ) -> None:
        def answered(agreed: bool | None) -> None:
            if agreed and self.begin(what):
                self.run_in_background(work, then, group="work", refused=self.failed)

        self.app.push_screen(YesNoDialog(question, yes, "Cancel"), answered)

    def _rebuilt(self, sites: SiteResults) -> None:
        self.ended(clean(" ".join(one["detail"] for one in sites)), ok=all(one["ok"] for one in sites))

    def _looked_up(self, sites: SiteResults) -> None:
        found = [_vulnerability(one["site"], each) for one in sites for each in one["advisories"]]
        self.ended(clean(" ".join(found) or "No package has a known vulnerability."), ok=not found)


def _vulnerability(site: str, found: dict[str, Any]) -> str:
    fixed = f", fixed in {found['fixed'][0]}" if found["fixed"] else ""
    return f"{site}: {found['package']} {found['version']} has {found['id']}{fixed}."


def upgrades_text(overview: UpdateOverview) -> Text:
    """Return the Debian packages that were updated, the newest first."""
    text = Text()
    text.append("\nDebian packages, last 30 days\n", "bold")
    if not overview.upgrades:
        text.append("None was updated.\n", "dim")
    for one in overview.upgrades:
        text.append(f"{one.at[:16]}  ", "dim").append(f"{clean(one.text)}\n")
    return text
