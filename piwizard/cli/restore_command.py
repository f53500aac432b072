"""Define `piwizard restore`: a whole Pi on a fresh one, or the data of one site."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON

if TYPE_CHECKING:
    from piwizard.backups.target import Target


class SavedPi(NamedTuple):
    """The backup of a broken Pi, as far as the options tell; the rest is asked."""

    target: str | None
    user: str | None
    passphrase_file: Path | None
    secret_file: Path | None
    host: str | None


@click.command("restore")
@click.option("--site", metavar="NAME", help="Restore the data of this site only.")
@click.option("--at", metavar="TIME", help='With --site: the last backup before this time, such as "2026-11-30 14:00".')
@click.option("--undo", is_flag=True, help="With --site: bring back the data from before the last restore.")
@click.option("--target", metavar="ADDRESS", help="Where the backups of the broken Pi are. Otherwise piwizard asks.")
@click.option("--user", metavar="NAME", help="The user or access key of the target, if it has one.")
@click.option("--passphrase-file", type=click.Path(path_type=Path), help="Read the passphrase from this file.")
@click.option("--secret-file", type=click.Path(path_type=Path), help="Read the secret of the target from this file.")
@click.option("--from", "host", metavar="PI", help="Which Pi to restore, if the target has several.")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@JSON
@command
def restore_command(
    site: str | None,
    at: str | None,
    undo: bool,
    target: str | None,
    user: str | None,
    passphrase_file: Path | None,
    secret_file: Path | None,
    host: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Restore this Pi from the backup of another, or the data of one site.

    On a fresh Pi, piwizard asks for the target and the passphrase on the recovery sheet.
    """
    if site is None:
        if at or undo:
            raise click.UsageError("--at and --undo need --site NAME.")
        return _restore_pi(SavedPi(target, user, passphrase_file, secret_file, host), yes=yes, as_json=as_json)
    return _restore_site(site, _time(at), undo=undo, yes=yes, as_json=as_json)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError('--at must be a time such as "2026-11-30 14:00".') from error
    return found if found.tzinfo else found.astimezone()


def _restore_site(site: str, at: datetime | None, *, undo: bool, yes: bool, as_json: bool) -> int:
    from piwizard.cli import output
    from piwizard.engine import run_launch
    from piwizard.setup import backup_job, site_restore, workspace
    from piwizard.system import app_data, console

    run_launch.require_systemd()
    planner = workspace.planner(None)
    planner.answers.of(site)
    if undo:
        _confirm(f"Bring back the data of {site} from before the last restore?", yes=yes, as_json=as_json)
        restored = site_restore.undo_restore(planner, site)
        done = f"The data of {site} is as before the restore; the restored data is in {restored.kept_path}."
    else:
        snapshot = site_restore.choose_snapshot(backup_job.site_snapshots(planner), site, at)
        local = f"{snapshot.at.astimezone():%Y-%m-%d %H:%M:%S}"
        now = app_data.measure_site(site)
        if not as_json:
            console.say(f"Backup of {site} from {local}. Today's data is kept{f': {now}' if now else ''}.")
        _confirm(f"Replace the data of {site}?", yes=yes, as_json=as_json)
        restored = site_restore.restore_site(planner, site, snapshot)
        done = (
            f"The data of {site} is that of {local}. The data from before is in {restored.kept_path}; "
            f"`piwizard restore --site {site} --undo` brings it back."
        )
    if as_json:
        output.dump({"site": site, "at": restored.at, "kept": str(restored.kept_path), "undone": undo})
    else:
        output.say_result(done)
    return 0


def _restore_pi(saved: SavedPi, *, yes: bool, as_json: bool) -> int:
    from piwizard.cli import apply, output
    from piwizard.engine import run_launch
    from piwizard.setup import pi_restore, workspace
    from piwizard.system import console

    run_launch.require_systemd()
    if pi_restore.continues_restore():
        if not as_json:
            console.say("A restore was interrupted on this Pi. It continues.")
        return apply.apply_steps((), None, None, yes=yes, detach=False, as_json=as_json)
    pi_restore.require_fresh()
    if replaced := pi_restore.settings_here():
        named = " and ".join(map(str, replaced))
        question = f"Replace {named} by those of the backup? Copies are kept in {pi_restore.replaced_folder()}."
        _confirm(question, yes=yes, as_json=as_json)
    target = _target(saved)
    passphrase = _secret("Passphrase on the recovery sheet:", saved.passphrase_file)
    console.hide_secrets([passphrase, target.secret])
    repository = pi_restore.open_target(target, passphrase)
    hosts = pi_restore.saved_hosts(repository)
    chosen = hosts[_choose(sorted(hosts), saved.host)]
    found = pi_restore.restore_pi(repository, passphrase, chosen, workspace.planner(None).context.facts.network)
    if not as_json:
        local = f"{chosen.at.astimezone():%Y-%m-%d %H:%M:%S}"
        console.say(f"Backup of {found.host} from {local}: {', '.join(found.sites) or 'settings only'}.")
    for remark in found.remarks:
        output.warn(remark)
    return apply.apply_steps((), None, None, yes=yes, detach=False, as_json=as_json)


def _target(saved: SavedPi) -> Target:
    from piwizard.answers.validators import Invalid
    from piwizard.backups.target import backup_target, target_of
    from piwizard.errors import PiwizardError

    given = saved.target or _asked("Target on the recovery sheet:")
    try:
        target = target_of(backup_target(given))
    except Invalid as error:
        raise PiwizardError(f"The target {error}.", hint="Copy it from the recovery sheet.") from error
    if target.asks_access or saved.user or saved.secret_file:
        name = saved.user or _asked("User on the recovery sheet:")
        return target_of(target.location, name, _secret("Secret on the recovery sheet:", saved.secret_file))
    return target


def _asked(question: str) -> str:
    from piwizard.errors import PiwizardError
    from piwizard.system import console

    given = console.ask(question) if sys.stdin.isatty() else None
    if not given:
        raise PiwizardError("The target is missing.", hint="Give it with --target, and its access with --user.")
    return given


def _secret(question: str, file: Path | None) -> str:
    from piwizard.errors import PiwizardError
    from piwizard.system import console, files

    if file is not None:
        content = files.read(file)
        given = content.decode("utf-8", "replace").strip() if content else ""
    else:
        given = (console.ask_secret(question) if sys.stdin.isatty() else None) or ""
    if not given:
        raise PiwizardError(
            f"{question.partition(' ')[0]} is missing.", hint="Type it, or use --passphrase-file and --secret-file."
        )
    return given.strip()


def _choose(hosts: list[str], host: str | None) -> str:
    from piwizard.errors import PiwizardError

    if host in hosts:
        return str(host)
    if host is None and len(hosts) == 1:
        return hosts[0]
    raise PiwizardError(
        f"The target has no backup of {host}." if host else "The target has backups of several Pis.",
        hint=f"Add --from with one of {', '.join(hosts)}; the recovery sheet names it.",
    )


def _confirm(question: str, *, yes: bool, as_json: bool) -> None:
    from piwizard.errors import PiwizardError
    from piwizard.system import console

    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise PiwizardError("Nothing was changed.", hint=f"Add --yes to confirm: {question}")
    console.confirm(question)
