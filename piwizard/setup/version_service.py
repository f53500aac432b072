"""Give screens the releases of a site, rollbacks, and the maintenance switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.setup.service import SetupService
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.setup.rollback_proposal import RollbackProposal
    from piwizard.setup.site_releases import SiteRelease


@dataclass(frozen=True)
class SiteVersions:
    """The releases of a site, the one in use first.

    `rolled_back`: the last rollback can be undone. `closed`: visitors get status 503.
    """

    releases: tuple[SiteRelease, ...]
    rolled_back: bool
    closed: bool


class VersionService(SetupService):
    """The setup service with what belongs to the releases of a site."""

    def versions(self, site: str) -> SiteVersions:
        """Return the releases of a site, and whether it is closed for maintenance."""
        from piwizard.apps import rollback_pin
        from piwizard.nginx import maintenance
        from piwizard.setup.site_releases import list_releases

        return SiteVersions(
            tuple(list_releases(site)), rollback_pin.read_pin(site) is not None, maintenance.in_maintenance(site)
        )

    def propose_rollback(self, site: str, release: str) -> RollbackProposal:
        """Return what a rollback to a release means. Alters nothing."""
        from piwizard.setup import rollback_proposal

        return rollback_proposal.propose_rollback(site, release)

    def propose_undo_rollback(self, site: str) -> RollbackProposal:
        """Return what the undo of the last rollback means. Alters nothing."""
        from piwizard.setup import rollback_proposal

        return rollback_proposal.propose_undo(site)

    def start_rollback(self, proposal: RollbackProposal) -> str:
        """Start a rollback that the user has confirmed, and return its run."""
        from piwizard.engine import run_launch
        from piwizard.setup import rollback_proposal

        run_launch.require_free()
        return rollback_proposal.start_rollback(proposal)

    def set_maintenance(self, site: str, *, on: bool) -> None:
        """Close a site for maintenance, or open it again."""
        from piwizard.nginx import maintenance

        maintenance.set_maintenance(site, on=on)
