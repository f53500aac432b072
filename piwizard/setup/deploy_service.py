"""Give screens the automatic deploys of a site, and how the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.setup.service import SetupService

if TYPE_CHECKING:
    from piwizard.setup.deploy_status import DeployStatus


class DeployService(SetupService):
    """The setup service with what belongs to automatic deploys."""

    def deploy_status(self, site: str) -> DeployStatus:
        """Return how new versions of a site get online, and how the last one did."""
        from piwizard.setup import deploy_status

        return deploy_status.status_of(self._planner().answers.of(site))

    def webhook_secret(self, site: str) -> str | None:
        """Return the secret to enter at the git server, and record that it was shown.

        None before the step that generates it has run.
        """
        from piwizard.deploys import deploy_record
        from piwizard.deploys.deploy_ways import SECRET_KEY

        secret = self._planner().store.kept(site, SECRET_KEY)
        if secret is not None:
            deploy_record.note_secret_shown(site)
        return secret
