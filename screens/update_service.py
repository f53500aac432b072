"""Give screens the packages that were updated, and rebuilt environments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from piwizard.setup.service import SetupService
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.system.dpkg_log import Upgrade

SHOWN = timedelta(days=30)
"""The time of which updates are shown."""


@dataclass(frozen=True)
class UpdateOverview:
    """The upgrades of Debian packages, the newest first.

    `rebuilt` has the date of each site's last rebuild, "" if there was none.
    """

    upgrades: tuple[Upgrade, ...]
    rebuilt: Mapping[str, str]


class UpdateService(SetupService):
    """The setup service with what belongs to updates."""

    def update_overview(self) -> UpdateOverview:
        """Return what was updated lately."""
        from piwizard.apps.rebuild_date import read_rebuild_date
        from piwizard.system.dpkg_log import recent_upgrades

        sites = self._planner().answers.sites
        return UpdateOverview(
            tuple(reversed(recent_upgrades(SHOWN))), {site: read_rebuild_date(site) for site in sites}
        )

    def run_update(self, what: Literal["rebuild", "advisories"]) -> list[dict[str, Any]]:
        """Rebuild all environments, or look up vulnerabilities.

        Return the result of each site.

        It continues if the screens are closed.
        """
        from piwizard.screens.piwizard_process import run_piwizard

        return list(run_piwizard(("updates", what))["sites"])
