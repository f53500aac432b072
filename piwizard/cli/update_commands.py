"""Define the commands for updates: list, rebuild, advisories, check."""

from __future__ import annotations

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON, SITE

DAYS = 30


@click.group("updates")
def updates_group() -> None:
    """Show what was updated, and rebuild an app's environment."""


@updates_group.command("list")
@JSON
@command
def list_updates_command(as_json: bool) -> int:
    """Show the packages that were updated in the last 30 days, and each rebuild."""
    from datetime import timedelta

    from piwizard.apps.rebuild_date import read_rebuild_date
    from piwizard.cli import output
    from piwizard.setup import workspace
    from piwizard.system import console
    from piwizard.system.dpkg_log import recent_upgrades

    found = recent_upgrades(timedelta(days=DAYS))
    rebuilt = {site: read_rebuild_date(site) for site in workspace.planner(None).answers.sites}
    if as_json:
        packages = [{"at": one.at, "package": one.name, "from": one.old, "to": one.new} for one in found]
        output.dump({"packages": packages, "rebuilt": {site: day or None for site, day in rebuilt.items()}})
        return 0
    for one in found:
        console.say(f"{one.at[:16]}  {one.text}", hang=18)
    if not found:
        console.say(f"No package was updated in the last {DAYS} days.")
    for site, day in rebuilt.items():
        console.say(f"Environment of {site}: {f'rebuilt on {day}' if day else 'not rebuilt since the last deploy'}.")
    return 0


@updates_group.command("rebuild")
@SITE
@JSON
@command
def rebuild_command(site: str | None, as_json: bool) -> int:
    """Rebuild the environments with the newest versions that the requirements allow.

    If the smoke test fails, the environment in use stays.
    """
    from piwizard.cli import output
    from piwizard.errors import PiwizardError
    from piwizard.setup import environment_rebuild, workspace

    sites = [site] if site else list(workspace.planner(None).answers.sites)
    outcomes = []
    for name in sites:
        try:
            outcome = environment_rebuild.rebuild_environment(name)
        except PiwizardError:
            if site:
                raise
            continue  # a site that is not set up yet
        outcomes.append(outcome)
        if not as_json:
            output.say_result(outcome.detail, ok=outcome.ok)
    if as_json:
        output.dump({"sites": [{"site": one.site, "ok": one.ok, "detail": one.detail} for one in outcomes]})
    return 0 if all(one.ok for one in outcomes) else 1


@updates_group.command("advisories")
@SITE
@JSON
@command
def advisories_command(site: str | None, as_json: bool) -> int:
    """Look up known vulnerabilities of the apps' packages at PyPI.

    If a fixed version exists, the environment is rebuilt. systemd runs this every day.

    Exit code 0: no vulnerability is known. 1: some are left.
    """
    from piwizard.cli import output
    from piwizard.setup import advisory_check, workspace

    sites = [site] if site else list(workspace.planner(None).answers.sites)
    outcomes = []
    for name in sites:
        outcomes.append(outcome := advisory_check.check_advisories(name))
        if not as_json:
            output.say_result(outcome.detail, ok=not outcome.left)
    if as_json:
        found = [
            {
                "site": one.site,
                "rebuilt": one.rebuilt,
                "advisories": [
                    {"package": each.package, "version": each.version, "id": each.id, "fixed": list(each.fixed)}
                    for each in one.left
                ],
            }
            for one in outcomes
        ]
        output.dump({"sites": found})
    return 1 if any(one.left for one in outcomes) else 0


@updates_group.command("check", hidden=True)
@command
def check_updates_command() -> int:
    """Put updates into effect and check the sites. systemd runs this after updates."""
    from piwizard.cli.diagnosis_commands import lower_priority
    from piwizard.setup import update_check
    from piwizard.system import console

    lower_priority()
    console.say(*(console.visible_line(line) for line in update_check.check_after_updates()))
    return 0
