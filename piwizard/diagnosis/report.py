"""A bundle to show to someone who helps: what there is on this machine, without what is nobody's business."""

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
    """Gathers, redacts, shows, and writes after a yes. Returns the exit code."""
    from piwizard.cli import apply, output
    from piwizard.system import console

    somebody = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    if not yes and not somebody:
        raise PiwizardError(
            "Nobody is there to see the report before it is written.",
            hint="`piwizard report --yes` writes it without showing it.",
        )
    texts, path = redacted(), output_file or default_path()
    if not yes:
        console.page(line for name, text in texts for line in (f"──── {name}", *text.splitlines(), ""))
        apply.confirm(f"Write this report to {path}? Nothing is sent to anybody.")
    write_bundle(path, texts)
    if as_json:
        output.dump({"report": str(path), "files": [name for name, _ in texts]})
    else:
        console.say(f"The report is in {path}. Have a look at it before you give it to anybody.")
    return 0


def redacted() -> list[tuple[str, str]]:
    """What there is to show of this machine, with stand-ins for what is nobody's business."""
    from piwizard.diagnosis.redaction import Redactor
    from piwizard.diagnosis.report_contents import gather, known_names
    from piwizard.setup import workspace

    planner = workspace.planner(None)
    redactor = Redactor(planner.secrets(), known_names(planner.answers, planner.context.facts.hostname))
    return [(redactor.text(name), _visible(redactor.text(text))) for name, text in gather()]


def _visible(text: str) -> str:
    """The text as a helper may look at it with any program."""
    return "\n".join(line if line.isascii() and line.isprintable() else printable.line(line, len(line))
                     for line in text.split("\n"))  # fmt: skip


def person() -> tuple[Path, int, int]:
    """The home and the numbers of whoever called sudo, else of whoever runs this."""
    number = os.environ.get("SUDO_UID", "")
    entry = pwd.getpwuid(int(number) if number.isdigit() else os.getuid())
    return Path(entry.pw_dir), entry.pw_uid, entry.pw_gid


def default_path(now: datetime | None = None) -> Path:
    """Where it goes unless somebody says otherwise."""
    return person()[0] / f"piwizard-report-{now or datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"


def write_bundle(path: Path, texts: Texts) -> None:
    """Writes it, readable by its owner alone. What is there already is not replaced, and no link is followed."""
    content = pack_bundle(texts)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PiwizardError(f"The report could not be written to {path}: {error.strerror}.") from error
    with os.fdopen(handle, "wb") as file:
        _, user, group = person()
        if os.geteuid() == 0:
            os.fchown(handle, user, group)
        file.write(content)


def pack_bundle(texts: Texts) -> bytes:
    """The texts as a tar.gz of one folder."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, text in texts:
            content = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"piwizard-report/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
