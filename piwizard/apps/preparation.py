"""Plan the changes that run an app's setup commands, on a copy first."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.apps import path_mapping, setup_markers
from piwizard.apps.setup_commands import OfferedSetup, SetupCommand
from piwizard.apps.system_modules import missing_sentence
from piwizard.changes.base import Change
from piwizard.changes.command import Notice, OfferedCommand
from piwizard.changes.data_copy import TRIAL, Bind, Copier, SetupStep, TrialCopy
from piwizard.changes.data_switch import DataSwitch
from piwizard.changes.setup_record import SetupRecorded, holds_something

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

COPY_SCRIPT = Path(__file__).with_name("data_mirror.py")
NO_SNAPSHOT = (
    "{server} is not part of the snapshot of {data}. If this version fails after its commands have run, only your "
    "own backup can restore that database: make one before you apply."
)


def setup_recorded(app: AppConfig) -> SetupRecorded:
    """Return the change that records the setup commands that were agreed to."""
    setup = app.setup
    taken = tuple(one.identity for one in setup.taken)
    return SetupRecorded(app.layout.folder, setup.agreed, setup.ran, setup.new, taken)


def setup_notices(app: AppConfig) -> Sequence[Change]:
    """Return what a person must know about the setup commands before confirming."""
    found: list[Change] = [_offered_command(offer) for offer in app.setup.offered]
    server = app.database_server
    if server and app.layout.current.exists() and _pending_commands(app):
        sentence = NO_SNAPSHOT.format(server=f"{server[0].upper()}{server[1:]}", data=app.layout.data)
        found.append(Notice("Database server without a snapshot", sentence))
    return found


def setup_changes(app: AppConfig, trial: SetupStep) -> Sequence[Change]:
    """Return the setup commands of a release, after the copy they are tried on.

    `trial` is the smoke test, which runs on the same copy; it is not among them.
    """
    bind = trial_bind(app)
    if bind is None:
        return [_setup_step(app, one, pauses=trial.pauses) for one in app.setup.run]
    steps = [_setup_step(app, one, bind, trial.pauses) for one in app.setup.run]
    tried = tuple(step for step in steps if step.marker.name.startswith("trial-"))
    return [TrialCopy(_copier(app), bind, tried, trial), *steps]


def trial_bind(app: AppConfig) -> Bind | None:
    """Return the copy of the data to try this release on; None without one."""
    return (app.layout.folder / TRIAL, app.layout.data) if _pending_commands(app) and _has_data_to_lose(app) else None


def data_switch(app: AppConfig, further: Sequence[str] = ()) -> DataSwitch | None:
    """Return how the data moves to the new release; None if no data could be lost.

    `further` are the services of the app besides the web service. All of them are stopped when the commands run.
    """
    wanted = tuple(_setup_step(app, one) for one in app.setup.run if not one.makes)
    if not wanted or not _has_data_to_lose(app):
        return None
    return DataSwitch(app.layout.folder, (f"{app.layout.site}.service", *further), _copier(app), wanted)


def offered_hint(app: AppConfig) -> str:
    """Return what may be missing if the app does not run; empty if nothing."""
    offered = (_offered_command(offer).sentence for offer in app.setup.offered)
    return " ".join((*map(missing_sentence, app.debian.modules.missing), *offered))


def _has_data_to_lose(app: AppConfig) -> bool:
    """Return whether there is data to lose: of a current release, or from another Pi."""
    if app.setup.new and not app.layout.current.exists():
        return False
    return holds_something(app.layout.data)


def _pending_commands(app: AppConfig) -> list[SetupCommand]:
    return [one for one in app.setup.run if not one.makes and not _marker(app, one).is_file()]


def _marker(app: AppConfig, one: SetupCommand) -> Path:
    marker = setup_markers.marker_path(app.layout.folder, one.argv)
    return app.layout.release / "prepared" / marker.name if one.release else marker


def _setup_step(app: AppConfig, one: SetupCommand, bind: Bind | None = None, pauses: tuple[str, ...] = ()) -> SetupStep:
    """Return a setup command as a change: run once for the site, or for each release."""
    where, marker = app.layout, _marker(app, one)
    on_copy = bind is not None and not one.makes and not marker.is_file()
    if on_copy:
        marker = where.release / "prepared" / f"trial-{marker.name}"
    return SetupStep(
        f"Try on a copy of the data: {one.text}" if on_copy else f"Prepare: {one.text}",
        _without_option(one.argv),
        marker,
        where.site,
        where.code,
        f"app.init: `{one.text}` failed.",
        key="app.init",
        env=app.environment() | _flask_app_variable(one.argv),
        proves=tuple(shlex.split(one.identity)),
        makes=where.code if one.makes else None,
        writable=(where.data, *path_mapping.disk_paths(app)),
        binds=path_mapping.path_binds(app),
        network=app.access.network,
        hardware=app.access.hardware,
        dbus=app.access.dbus,
        start=app.start.working_directory,
        bind=bind if on_copy or one.makes else None,
        pauses=pauses,
    )


def _copier(app: AppConfig) -> Copier:
    return Copier(str(app.layout.venv / "bin" / "python"), COPY_SCRIPT, app.layout.site)


def _offered_command(offer: OfferedSetup) -> OfferedCommand:
    answer = f"init = {json.dumps(list(offer.instead), ensure_ascii=False)}"
    why = f": {offer.found.risk.why}" if offer.found.risk else ""
    return OfferedCommand(
        f"`{offer.name}` does not run without your answer",
        f"`{offer.name}` was found in the code and does not run. {offer.reason}{why}. To run it, add this line under "
        f"[app] of the site's answers: {answer}",
        f"Run `{offer.name}` once? {offer.reason}",
        offer.found.text,
        offer.instead,
    )


def _without_option(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command without `--app`: Flask before 2.2 only knows FLASK_APP."""
    return ("flask", *argv[3:]) if _flask_app_variable(argv) else argv


def _flask_app_variable(argv: tuple[str, ...]) -> dict[str, str]:
    return {"FLASK_APP": argv[2]} if argv[:2] == ("flask", "--app") and len(argv) > 3 else {}
