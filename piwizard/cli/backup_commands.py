"""Define `piwizard backup`: make, list and test backups."""

from __future__ import annotations

import sys

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON

RETRY_EXIT_CODE = 75
"""EX_TEMPFAIL: systemd starts the service again after a while."""


@click.group("backup")
def backup_command() -> None:
    """Make, list and test backups, and show the recovery sheet."""


@backup_command.command("now")
@JSON
@command
def now_command(as_json: bool) -> int:
    """Make a backup now. It continues if you lose the connection."""
    from piwizard.backups import backup_record
    from piwizard.cli import output
    from piwizard.engine import run_launch
    from piwizard.setup import backup_job, workspace
    from piwizard.system import console

    run_launch.require_systemd()
    planner = workspace.planner(None)
    backup_job.open_backups(planner)
    if not as_json:
        console.say("The backup is being made.")
    last = backup_job.request_backup(planner)
    if as_json:
        output.dump(backup_record.read_record().as_json())
    else:
        _show_last()
    return 0 if last.ok else 1


@backup_command.command("run", hidden=True)
@command
def run_command() -> int:
    """Make a backup in this process. Started by its service."""
    from piwizard.backups.backup_error import BackupError
    from piwizard.setup import backup_job
    from piwizard.system import console

    try:
        backup_job.run_backup()
    except BackupError as error:
        console.warn(error.sentence)
        return RETRY_EXIT_CODE if error.retried else 1
    return 0


@backup_command.command("list")
@click.option("--all", "every_host", is_flag=True, help="Also list the backups of other Pis at the same target.")
@JSON
@command
def list_command(every_host: bool, as_json: bool) -> int:
    """List the backups at the target, the newest first."""
    from piwizard.backups import backup_record
    from piwizard.cli import output
    from piwizard.setup import backup_job, workspace
    from piwizard.system import console

    found = backup_job.list_backups(workspace.planner(None), every_host=every_host)
    if as_json:
        output.dump({"backups": [one.as_json() for one in found], "record": backup_record.read_record().as_json()})
        return 0
    for one in found:
        console.say(
            f"{one.local_time}   {', '.join(one.sites) or 'settings only'}{f'   {one.host}' if every_host else ''}"
        )
    if not found:
        console.say("No backup yet. `piwizard backup now` makes the first one.")
    return 0


@backup_command.command("verify")
@JSON
@command
def verify_command(as_json: bool) -> int:
    """Restore the newest backup for a test, and check the backups at the target.

    Nothing of this Pi changes. A timer does the same each week.
    """
    from dataclasses import asdict

    from piwizard.cli import output
    from piwizard.cli.diagnosis_commands import lower_priority
    from piwizard.setup import backup_proof, workspace

    lower_priority()
    proof = backup_proof.prove_backups(workspace.planner(None))
    if as_json:
        output.dump(asdict(proof))
    else:
        output.say_result(proof.message, ok=proof.ok)
    return 0 if proof.ok else 1


@backup_command.command("sheet")
@click.option("--saved", is_flag=True, help="Confirm that you keep the sheet, without showing it.")
@JSON
@command
def sheet_command(saved: bool, as_json: bool) -> int:
    """Show the recovery sheet, with which a new Pi can restore everything.

    Keep it in another place than this Pi: on paper, or in a password manager.
    """
    from piwizard.setup import backup_job
    from piwizard.system import console

    sheet = backup_job.sheet()
    if saved:
        backup_job.sheet_saved()
    elif as_json:
        values = {label.lower().replace(" ", "_"): value for label, value in sheet.rows}
        console.say_json(values, but=tuple(values))
        return 0
    else:
        console.say("Write this down or print it, and keep it in another place than this Pi:", "")
        console.reveal(sheet.rows, sheet.text)
        console.say("", "On a new Pi, `sudo piwizard restore` asks for the target and the passphrase.")
        if sys.stdin.isatty() and console.agreed("Is the sheet saved in another place?"):
            backup_job.sheet_saved()
            saved = True
    if as_json:
        from piwizard.cli import output

        output.dump({"sheet_saved": saved})
    return 0


def _show_last() -> None:
    from piwizard.backups import backup_record
    from piwizard.cli import output
    from piwizard.system import console

    record = backup_record.read_record()
    last = record.last
    if last is None:
        return
    for site, saved in last.sites.items():
        console.say(
            f"  {site}: {saved.files} files, {saved.bytes / 1e6:.1f} MB, {len(saved.databases)} SQLite databases"
        )
        for names, what in (
            (saved.changing, "changed all the time, so the copy may be incomplete"),
            (saved.unsupported, "a database that cannot be copied safely while it is in use"),
            (saved.damaged, "SQLite cannot open it, or another process keeps it locked; saved as it is"),
            (
                saved.skipped,
                "not included: no regular file, always changing, or not readable by the app's user",
            ),
        ):
            for name in names:
                console.say(f"  ! {name}: {what}")
    for name in last.other_databases:
        console.say(f"  ! The data of {name} on this Pi is not included.")
    output.say_result("Backup complete." if last.ok else last.message, ok=last.ok)
    if not record.sheet_saved:
        output.warn("The recovery sheet was not saved yet: run `piwizard backup sheet`.")
