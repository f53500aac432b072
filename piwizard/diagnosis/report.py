"""Write a bundle for someone who helps: `piwizard report`.

It contains no secrets, names and public IPs.
"""

from __future__ import annotations

import gzip
import io
import os
import pwd
import sys
import tarfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import printable

Texts = Sequence[tuple[str, str]]


def report(output_file: Path | None, *, yes: bool, as_json: bool) -> int:
    """Collect, redact and show the report, and write it after a yes.

    Return the exit code.
    """
    from piwizard.engine import run_log
    from piwizard.system import console

    interactive = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    if not yes and not interactive:
        raise PiwizardError(
            "`piwizard report` needs a terminal to show the report before it is written.",
            hint="Run `piwizard report --yes` to write it without showing it.",
        )
    texts, path = redacted(), output_file or default_path()
    if not yes:
        console.show_in_pager(line for name, text in texts for line in (f"──── {name}", *text.splitlines(), ""))
        console.confirm(f"Write this report to {path}? Nothing is sent.")
    write_bundle(path, texts)
    if as_json:
        console.say_json({"report": str(path), "files": [name for name, _ in texts]}, but=run_log.PLAIN)
    else:
        console.say(f"The report is in {path}. Read it before you send it to anyone.")
    return 0


def redacted() -> list[tuple[str, str]]:
    """Return the texts of the report, with placeholders for what is private."""
    from piwizard.diagnosis.redaction import Redactor
    from piwizard.diagnosis.report_contents import gather, known_names
    from piwizard.setup import workspace

    planner = workspace.planner(None)
    redactor = Redactor(planner.secrets(), known_names(planner.answers, planner.context.facts.hostname))
    return [(redactor.text(name), _visible(redactor.text(text))) for name, text in gather()]


def _visible(text: str) -> str:
    """Return the text in a form that any program can show safely."""
    return "\n".join(line if line.isascii() and line.isprintable() else printable.line(line, len(line))
                     for line in text.split("\n"))  # fmt: skip


def calling_user() -> tuple[Path, int, int]:
    """Return home, user ID and group ID of the user who called sudo, if any."""
    number = os.environ.get("SUDO_UID", "")
    entry = pwd.getpwuid(int(number) if number.isdigit() else os.getuid())
    return Path(entry.pw_dir), entry.pw_uid, entry.pw_gid


def default_path(now: datetime | None = None) -> Path:
    """Return the path of the report if none is given."""

    return calling_user()[0] / f"piwizard-report-{now or datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"


def write_bundle(path: Path, texts: Texts) -> None:
    """Write the report, readable by its owner only. Replace no file, follow no link."""
    content = pack_bundle(texts)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PiwizardError(
            f"The report could not be written to {path}: {error.strerror}.", hint="Choose another file with --output."
        ) from error
    with os.fdopen(handle, "wb") as file:
        _, user, group = calling_user()
        if os.geteuid() == 0:
            os.fchown(handle, user, group)
        file.write(content)


def pack_bundle(texts: Texts) -> bytes:
    """Return the texts as a tar.gz with one folder."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, text in texts:
            content = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"piwizard-report/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
