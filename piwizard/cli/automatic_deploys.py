"""Show how sites get new versions, and deploy what is new."""

from __future__ import annotations

from piwizard.cli import output
from piwizard.cli.overview_lines import describe_age
from piwizard.deploys.deploy_ways import POLL
from piwizard.errors import PiwizardError
from piwizard.setup import automatic_deploy, deploy_status, workspace
from piwizard.setup.deploy_status import DeployStatus
from piwizard.system import console

WARNING, NOTICE = "<4>", "<5>"
"""How systemd tells lines of a service apart in the journal."""


def show_deploys(site: str | None, *, as_json: bool) -> int:
    """Print the ways, the last result and the refused commits of each site."""
    planner = workspace.planner(None)
    if not planner.answers.sites:
        raise PiwizardError("There is no site yet.", hint="Run `piwizard` to set up your first site.")
    found = [deploy_status.status_of(planner.answers.of(one)) for one in ([site] if site else planner.answers.sites)]
    if as_json:
        output.dump({"deploys": [one.as_json() for one in found]})
        return 0
    for one in found:
        _show(one)
    if not any(one.ways for one in found):
        console.say("Set app.deploy to poll, push or webhook, then run `piwizard apply deploys`.")
    return 0


def _show(one: DeployStatus) -> None:
    console.say(((one.site, "heading"), (f": {one.sentence}", "")))
    if one.last:
        age = describe_age(one.last.at)
        ago = "" if not age else f", {age}" if age == "just now" else f", {age} ago"
        console.say(f"  Last by {one.last.way}: {one.result}{ago}.")
        if one.last.result != "deployed":
            console.say(f"  {one.last.detail}", hang=2)
    for refused in one.record.refused:
        if one.last is None or refused.commit != one.last.commit:
            console.say(f"  Not tried again: {refused.commit[: automatic_deploy.SHORT]}: {refused.reason}", hang=2)


def deploy_if_new(site: str) -> int:
    """Deploy what is new in a repository, and print one line for the journal."""
    outcome = automatic_deploy.check_repository(site, POLL)
    level = NOTICE if outcome.ok else WARNING
    if outcome.result not in ("current", "refused", "waiting"):
        console.say(console.visible_line(f"{level}{outcome.detail}"))
    return 0
