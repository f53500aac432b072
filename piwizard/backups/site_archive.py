"""Pack and unpack a site's data as the site's user, in the sandbox of its app."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def pack_site(user: str, data: Path, output: int) -> PackReport:
    """Write the archive of a data folder to a pipe."""
    said = _run(user, data, ("pack", str(data)), stdout=output)
    found = _report(said, f"The data in {data} could not be saved")
    return PackReport(**{key: value for key, value in found.items() if key in PackReport.__dataclass_fields__})


def unpack_site(user: str, data: Path, source: int, limit: int, *, kept_in: Path | None = None) -> UnpackReport:
    """Create the content of an archive in an empty folder of the site's user.

    Its databases are checked, too. `kept_in` is the folder if the sandbox is to show it at `data`.
    """
    said = _run(user, data, ("unpack", str(data), str(limit)), kept_in=kept_in, stdin=source)
    found = _report(said, f"The data could not be restored to {kept_in or data}")
    return UnpackReport(**{key: value for key, value in found.items() if key in UnpackReport.__dataclass_fields__})


def mirror_site(user: str, source: Path, target: Path) -> None:
    """Make a folder of the site's user equal to another one."""
    sandbox = Sandbox(user, (source, target), seconds=MAX_SECONDS, scripts=(COPY_SCRIPT,))
    argv = (PYTHON, "-I", str(path_inside(COPY_SCRIPT)), str(source), str(target))
    result = transient_unit.run(argv, sandbox.properties(), env={}, cwd=Path("/"))
    if not result.ok:
        raise BackupError(
            "other", f"{source} could not be copied: {result.last_lines}", hint="Free space, then try again."
        )


def _run(user: str, data: Path, words: Sequence[str], *, kept_in: Path | None = None, **streams: int) -> Result:
    binds = ((kept_in, data),) if kept_in else ()
    sandbox = Sandbox(user, (data,), binds, seconds=MAX_SECONDS, scripts=SCRIPTS)
    argv = (PYTHON, "-I", str(path_inside(PROGRAM)), *words)
    # Without a callback, all output would be kept in memory: a stranger's process could print without end.
    return transient_unit.run(
        argv, sandbox.properties(), env={}, cwd=Path("/"), on_line=lambda stream, line: None, **streams
    )


def _report(result: Result, failure: str) -> dict[str, Any]:
    """Return the report in the last line. The site's user may have written it: nothing in it is trusted."""
    last = next((line for line in reversed(result.tail) if line.startswith("{")), "{}")
    try:
        found = json.loads(last)
    except ValueError:
        found = {}
    if not isinstance(found, dict) or not result.ok or "error" in found:
        said = found.get("error") if isinstance(found, dict) else None
        raise BackupError(
            "other",
            f"{failure}: {str(said or result.last_lines or f'exit code {result.exit}')[:300]}",
            hint="Free space on the disk (`df -h`), give the files to the site's user, then try again.",
        )
    return {key: _plain(value) for key, value in found.items()}


def _plain(value: object) -> object:
    """Return a number, a truth value, or a short list of texts."""
    if isinstance(value, list):
        return [str(one)[:200] for one in value[: archive_report.MAX_NAMED]]
    return value if isinstance(value, int) else 0
