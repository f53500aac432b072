"""Deploy code that was pushed to this machine."""

from __future__ import annotations

from typing import BinaryIO

from piwizard.deploys.deploy_ways import PUSH, ways_of
from piwizard.deploys.pushed_code import PushedCode
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.automatic_deploy import DeployOutcome, OnEvent, deploy_newest


def deploy_pushed(site: str, stream: BinaryIO, on_event: OnEvent) -> DeployOutcome:
    """Read the code of a push, and deploy it.

    If it fails, the code from before the push counts again.
    """
    if PUSH not in ways_of(workspace.planner(None).answers.of(site)):
        raise PiwizardError(f"app.deploy: {site} takes no pushes.", key="app.deploy", hint="Set it to push.")
    code = PushedCode(site)
    code.take(stream)
    try:
        outcome = deploy_newest(site, PUSH, on_event)
    except BaseException:
        code.put_back()
        raise
    if outcome.ok:
        code.keep()
    else:
        code.put_back()
    return outcome
