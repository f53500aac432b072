"""Give screens the restore of a site's data, and the undo of the last one."""

from __future__ import annotations

from piwizard.setup.service import SetupService
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class RestoreProposal:
    """A restore for a person to confirm. `at` is "" for the undo of the last one."""

    site: str
    at: str
    question: str


class RestoreService(SetupService):
    """The setup service with what belongs to restores of one site."""

    def propose_restore(self, site: str, at: str) -> RestoreProposal:
        """Return what a restore of a site means. Alters nothing."""
        from piwizard.system import app_data

        if not at:
            return RestoreProposal(site, at, f"Bring back the data of {site} from before the last restore?")
        now = app_data.measure_site(site)
        kept = f"Today's data stays beside it: {now}. " if now else ""
        return RestoreProposal(
            site,
            at,
            f"Replace the data of {site} by that of {at}? {kept}{site} is not available meanwhile. "
            "You can undo the restore.",
        )

    def restore_data(self, proposal: RestoreProposal) -> None:
        """Restore a site's data as confirmed, or undo that.

        It continues if the screens are closed.
        """
        from piwizard.screens.piwizard_process import run_piwizard

        way = ("--at", proposal.at) if proposal.at else ("--undo",)
        run_piwizard(("restore", "--site", proposal.site, *way, "--yes"))
