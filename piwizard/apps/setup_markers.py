"""Record the setup commands of a site: those agreed to, and those that have run.

The folder `data.setup` is next to the site's data and belongs to root. It stays as long as the data does, so that no
command runs again.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from piwizard.changes.setup_record import AGREED, FOLDER, marker_name
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass

PYTHON_PROGRAMS = ("python", "python3")
FLASK_OPTIONS_WITH_VALUE = frozenset({"--app", "-A", "--env-file", "-e"})
FLASK_FLAGS = frozenset({"--debug", "--no-debug"})


@dataclass(frozen=True)
class SetupRecord:
    """The recorded commands; `agreed` is None if there is no record for this data."""

    agreed: frozenset[str] | None = None
    ran: frozenset[str] = frozenset()
    new: bool = False
    """The data was empty when the commands were agreed to."""


def command_identity(argv: Sequence[str]) -> str:
    """Return a command without its app, extra spaces and quotes, to compare commands."""
    words = list(argv)
    while words and "=" in words[0] and words[0].partition("=")[0].isidentifier():
        words.pop(0)
    if len(words) > 2 and os.path.basename(words[0]) in PYTHON_PROGRAMS and words[1] == "-m":
        words = words[2:]
    if not words:
        return ""
    program, *words = (os.path.basename(words[0]), *words[1:])
    if program != "flask":
        return shlex.join((program, *words))
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in FLASK_OPTIONS_WITH_VALUE and words:
            words.pop(0)
        elif option.partition("=")[0] not in FLASK_OPTIONS_WITH_VALUE | FLASK_FLAGS and not option.startswith(
            ("-A", "-e")
        ):
            return shlex.join((program, option, *words))
    return shlex.join((program, *words))


def marker_path(site: Path, argv: Sequence[str]) -> Path:
    """Return the file that marks a command as run for a site."""
    return site / FOLDER / marker_name(command_identity(argv))


def read_setup_record(site: Path) -> SetupRecord:
    """Return the record of a site; also reads older markers in the folder `once`."""
    content = files.read(site / FOLDER / AGREED)
    if content is None:
        before = _commands_before_records(site)
        return SetupRecord(before, before) if before else SetupRecord()
    try:
        raw = json.loads(content)
        agreed, new = frozenset(map(str, raw["commands"])), bool(raw["new"])
    except (ValueError, TypeError, KeyError):
        agreed, new = frozenset(), False  # unreadable: nothing counts as agreed
    return SetupRecord(agreed, frozenset(_commands_that_ran(site / FOLDER)), new)


def _commands_before_records(site: Path) -> frozenset[str]:
    return frozenset(
        one for folder in (site / "once", *site.glob("releases/*/prepared")) for one in _commands_that_ran(folder)
    )


def _commands_that_ran(folder: Path) -> Iterator[str]:
    for path in folder.glob("*"):
        if path.name == AGREED:
            continue
        try:
            yield command_identity(json.loads(files.read(path) or b"{}")["argv"])
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
