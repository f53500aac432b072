"""Pack and unpack a site's data as the site's user, in the sandbox of its app."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from piwizard.apps.preparation import COPY_SCRIPT
from piwizard.backups import archive_report
from piwizard.backups.archive_report import PackReport, UnpackReport
from piwizard.backups.backup_error import BackupError
from piwizard.system import transient_unit
from piwizard.system.app_sandbox import Sandbox, path_inside
from piwizard.system.commands import Result

PYTHON = "/usr/bin/python3"
PROGRAM = Path(__file__).with_name("data_archive.py")
"""Importing it and its parts would load modules that plans do not need, such as sqlite3."""
PARTS = ("archive_report.py", "live_files.py", "archive_packer.py", "archive_unpacker.py")
SCRIPTS = (PROGRAM, *(PROGRAM.with_name(part) for part in PARTS), COPY_SCRIPT)
MAX_SECONDS = 12 * 3600
MAX_NUMBER = 1 << 60
"""Of files or bytes in a report."""
Report = TypeVar("Report", PackReport, UnpackReport)


def pack_site(user: str, data: Path, output: int) -> PackReport:
    """Write the archive of a data folder to a pipe."""
    result, said = _run(user, data, ("pack", str(data)), stdout=output)
    return read_report(PackReport, result, said, f"The data in {data} could not be saved")


def unpack_site(user: str, data: Path, source: int, limit: int, *, kept_in: Path | None = None) -> UnpackReport:
    """Create the content of an archive in an empty folder of the site's user.

    Its databases are checked, too. `kept_in` is the folder if the sandbox is to show it at `data`.
    """
    result, said = _run(user, data, ("unpack", str(data), str(limit)), kept_in=kept_in, stdin=source)
    return read_report(UnpackReport, result, said, f"The data could not be restored to {kept_in or data}")


def mirror_site(user: str, source: Path, target: Path) -> None:
    """Make a folder of the site's user equal to another one."""
    sandbox = Sandbox(user, (source, target), seconds=MAX_SECONDS, scripts=(COPY_SCRIPT,))
    argv = (PYTHON, "-I", str(path_inside(COPY_SCRIPT)), str(source), str(target))
    result = transient_unit.run(argv, sandbox.properties(), env={}, cwd=Path("/"))
    if not result.ok:
        raise BackupError(
            "other", f"{source} could not be copied: {result.last_lines}", hint="Free space, then try again."
        )


def _run(
    user: str, data: Path, words: Sequence[str], *, kept_in: Path | None = None, **streams: int
) -> tuple[Result, str]:
    """Run the program. Return its result, and its last line that may be a report."""
    binds = ((kept_in, data),) if kept_in else ()
    sandbox = Sandbox(user, (data,), binds, seconds=MAX_SECONDS, scripts=SCRIPTS)
    argv = (PYTHON, "-I", str(path_inside(PROGRAM)), *words)
    said = "{}"

    # All output would be kept in memory otherwise: a stranger's process could print without end. What the result keeps
    # of a line may be shorter than a report.
    def keep(stream: str, line: str) -> None:
        nonlocal said
        if line.startswith("{"):
            said = line

    result = transient_unit.run(argv, sandbox.properties(), env={}, cwd=Path("/"), on_line=keep, **streams)
    return result, said


def read_report(kind: type[Report], result: Result, said: str, failure: str) -> Report:
    """Return the report that a program has printed.

    BackupError, which begins with `failure`, if it has failed. The site's user may have written the line: nothing in it
    is trusted.
    """
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = {}
    if not isinstance(found, dict) or not result.ok or "error" in found:
        error = found.get("error") if isinstance(found, dict) else None
        raise BackupError(
            "other",
            f"{failure}: {str(error or result.last_lines or f'exit code {result.exit}')[:300]}",
            hint="Free space on the disk (`df -h`), give the files to the site's user, then try again.",
        )
    values: dict[str, Any] = {name: _plain(found.get(name), default) for name, default in asdict(kind()).items()}
    return kind(**values)


def _plain(value: object, default: object) -> object:
    """Return a value of the type of its default, of limited size; else the default."""
    if isinstance(default, list):
        named = value[: archive_report.MAX_DAMAGED] if isinstance(value, list) else ()
        return [str(one)[:200] for one in named]
    if not isinstance(value, int) or not 0 <= value <= MAX_NUMBER:
        return default
    return bool(value) if isinstance(default, bool) else int(value)
