"""Decide which setup commands of an app run, and which need an answer first."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from piwizard.apps import setup_markers
from piwizard.apps.database import InitCommand
from piwizard.apps.setup_markers import SetupRecord, command_identity
from piwizard.changes.setup_record import holds_something
from piwizard.system.lazy_dataclass import dataclass

FILE_MAKING_WORDS = frozenset({"compile", "build", "collect", "collectstatic", "compilemessages"})
"""Words of commands that create files in the code: translations, style sheets."""


@dataclass(frozen=True)
class SetupCommand:
    """A command to run once for the site, or with `release` for each release.

    `makes`: it creates files in the code.
    """

    argv: tuple[str, ...]
    release: bool
    makes: bool

    @property
    def text(self) -> str:
        """Return the command as one line, in the form of app.init."""
        return shlex.join(self.argv)

    @property
    def identity(self) -> str:
        """Return the command in a form that is the same for equivalent commands."""
        return command_identity(self.argv)


@dataclass(frozen=True)
class OfferedSetup:
    """A command from the code that does not run without an answer, and why."""

    found: InitCommand
    reason: str
    instead: tuple[str, ...]
    """The value of app.init that runs it."""

    @property
    def name(self) -> str:
        """Return the command as a person types it."""
        return command_identity(self.found.argv)


@dataclass(frozen=True)
class SetupCommands:
    """The commands that run, are offered, and are agreed to by this plan.

    `new`: the site has no data yet. `taken`: commands of the answers that count as run, because the data came from
    elsewhere and they could destroy it.
    """

    run: tuple[SetupCommand, ...]
    offered: tuple[OfferedSetup, ...]
    agreed: frozenset[str]
    ran: frozenset[str]
    new: bool
    taken: tuple[SetupCommand, ...] = ()


def choose_setup_commands(wanted: Sequence[str] | None, found: Iterable[InitCommand], folder: Path) -> SetupCommands:
    """Return the setup commands for the site in `folder`.

    `wanted` is the answer to app.init; None if there is none.
    """
    record = setup_markers.read_setup_record(folder)
    holds = holds_something(folder / "data")
    served = os.path.lexists(folder / "current")
    if record.agreed is None and served:
        record = replace(record, agreed=frozenset())  # set up before there were records: nothing counts as agreed
    new = not (holds or served) if record.agreed is None else record.new
    if wanted is not None:
        chosen = tuple(_setup_command(tuple(shlex.split(line))) for line in wanted)
        brought = record.agreed is None and holds and not served
        taken = tuple(one for one in chosen if brought and not one.release)
        agreed = (record.agreed or frozenset()) | {one.identity for one in chosen}
        return SetupCommands(chosen, (), agreed, record.ran | {one.identity for one in taken}, new, taken)
    run: list[SetupCommand] = []
    left: list[tuple[InitCommand, str]] = []
    for one in found:
        reason = _reason_not_to_run(one, record, new=new)
        if reason is None:
            run.append(_setup_command(one.argv))
        elif command_identity(one.argv) not in record.ran:
            left.append((one, reason))
    lines = tuple(one.text for one in run)
    offered = tuple(OfferedSetup(one, reason, (*lines, one.text)) for one, reason in left)
    agreed = record.agreed if record.agreed is not None else frozenset(one.identity for one in run)
    return SetupCommands(tuple(run), offered, agreed, record.ran, new)


def _setup_command(argv: tuple[str, ...]) -> SetupCommand:
    makes = bool(set(argv) & FILE_MAKING_WORDS)
    return SetupCommand(argv, makes or "upgrade" in argv, makes)


def _reason_not_to_run(one: InitCommand, record: SetupRecord, *, new: bool) -> str | None:
    """Return why a found command does not run without an answer; None if it does."""
    command, first = _setup_command(one.argv), record.agreed is None
    agreed = first or command.identity in (record.agreed or ())
    if one.migrates:
        return None
    if one.risk and (one.risk.sure or not command.makes):
        return f"It may delete data ({one.risk.place})"
    if not agreed:
        return f"A later version of the app added it ({one.file} line {one.line})"
    if command.makes:
        return None
    if one.started:
        return f"Only a start-up file names it ({one.why}, line {one.line})"
    if not new:
        return f"The site already has data ({one.file} line {one.line})"
    return None
