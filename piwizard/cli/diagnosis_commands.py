"""Define the commands that inspect this machine and rehearse the setup."""

from __future__ import annotations

import os
from pathlib import Path

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import ALL, ANSWERS, JSON, SITE

CHECKING_NICENESS = 10
"""Also lowers the priority of reads and writes, which the kernel derives from it."""


@click.command("status")
@click.option("--check", is_flag=True, help="Check the sites now, instead of showing the last check.")
@click.option("--steps", "by_step", is_flag=True, help="Check each step and show its state.")
@ANSWERS
@JSON
@command
def status_command(check: bool, by_step: bool, answers: Path | None, as_json: bool) -> int:
    """Show whether your sites are online, as of the last check.

    With --steps, the states are todo, running, done, drifted, failed, interrupted and skipped.
    """
    from piwizard.cli import overview_lines

    if check or by_step:
        lower_priority()
    if not (by_step or as_json):
        return overview_lines.show_overview(answers, check=check)
    return _show_steps(answers, as_json=as_json)


def _show_steps(answers: Path | None, *, as_json: bool) -> int:
    from piwizard.cli import output
    from piwizard.network import address_trial
    from piwizard.setup import backup_status, deploy_status, kept_answers, site_overview, status, workspace
    from piwizard.setup.pending_restart import restart_notice

    state, planner, backups = workspace.state(), workspace.planner(answers), workspace.backups()
    for warning in (state.trouble, *kept_answers.remarks(answers, planner.answers)):
        output.warn(warning)
    found = [*status.status(planner, state, backups), *status.without_answers(planner, state, backups)]
    trial = address_trial.current_trial()
    if as_json:
        backup = backup_status.backup_status()
        sites = site_overview.saved(planner, state).sites
        deploys = {one.name: deploy_status.status_of(planner.answers.of(one.name)).as_json() for one in sites}
        output.dump(
            {
                "sites": [one.as_json() | {"deploys": deploys[one.name]} for one in sites],
                "steps": [one.as_json() for one in found],
                "trial": trial.as_json() if trial else None,
                "backup": backup.as_json() if backup else None,
            }
        )
    else:
        output.show_status(found)
        output.warn(trial.words if trial else "")
        output.warn(restart_notice())
    return 0


@click.command("doctor")
@SITE
@click.option("--fix", is_flag=True, help="Fix what can be fixed automatically, after confirmation.")
@click.option("--yes", is_flag=True, help="With --fix: don't ask for confirmation.")
@ALL
@JSON
@command
def doctor_command(site: str | None, fix: bool, yes: bool, everything: bool, as_json: bool) -> int:
    """Diagnose problems and suggest fixes.

    Exit code 0: no problems found. 1: problems found.
    """
    from piwizard.cli.apply import apply_fixes
    from piwizard.diagnosis import doctor

    lower_priority()
    return doctor.run(site, apply_fixes, fix=fix, yes=yes, as_json=as_json, everything=everything)


@click.command("checkup")
@SITE
@ALL
@JSON
@command
def checkup_command(site: str | None, everything: bool, as_json: bool) -> int:
    """Check everything from the Internet to the app and predict the TLS grade.

    Exit code 0: no problems found. 1: problems found.
    """
    from piwizard.diagnosis import checkup

    lower_priority()
    return checkup.run(site, as_json=as_json, everything=everything)


@click.command("report")
@click.option("--output", "output_file", type=click.Path(path_type=Path), help="Write the report to this file.")
@click.option("--yes", is_flag=True, help="Write the report without showing it first.")
@JSON
@command
def report_command(output_file: Path | None, yes: bool, as_json: bool) -> int:
    """Create a report to share when you ask for help.

    Secrets, names and addresses are removed. piwizard shows the report before it writes the file.
    """
    from piwizard.diagnosis import report

    return report.report(output_file, yes=yes, as_json=as_json)


@click.command("rehearse")
@ANSWERS
@click.option("--keep", is_flag=True, help="Keep the copy running until you press Enter.")
@click.option("--shell", is_flag=True, help="Open a shell in the copy afterwards.")
@JSON
@command
def rehearse_command(answers: Path | None, keep: bool, shell: bool, as_json: bool) -> int:
    """Run the whole setup on a throwaway copy of this machine.

    Without --answers, it uses a small sample app.
    """
    from piwizard.rehearsal import rehearse

    return rehearse.rehearse(answers, keep=keep, shell=shell, as_json=as_json)


@click.command("watch", hidden=True)
@command
def watch_command() -> int:
    """Run the weekly health check. Started by its timer."""
    from piwizard.setup import health_timer

    return health_timer.watch()


def lower_priority() -> None:
    """Let the sites of this Pi and its SSH go first while this process checks."""
    os.nice(CHECKING_NICENESS)
