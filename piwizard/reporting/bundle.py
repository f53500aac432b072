"""The bundle: texts in a tar.gz that only its owner may read."""

from __future__ import annotations

import gzip
import io
import os
import pwd
import tarfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from piwizard.errors import PiwizardError

Texts = Sequence[tuple[str, str]]


def owner() -> tuple[Path, int, int]:
    """The home and the numbers of whoever called sudo, else of whoever runs this."""
    number = os.environ.get("SUDO_UID", "")
    entry = pwd.getpwuid(int(number) if number.isdigit() else os.getuid())
    return Path(entry.pw_dir), entry.pw_uid, entry.pw_gid


def place(now: datetime | None = None) -> Path:
    """Where it goes unless somebody says otherwise."""
    return owner()[0] / f"piwizard-report-{now or datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"


def write(path: Path, texts: Texts) -> None:
    """Writes it, readable by its owner alone. What is there already is not replaced, and no link is followed."""
    content = pack(texts)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PiwizardError(f"The report could not be written to {path}: {error.strerror}.") from error
    with os.fdopen(handle, "wb") as file:
        _, user, group = owner()
        if os.geteuid() == 0:
            os.fchown(handle, user, group)
        file.write(content)


def pack(texts: Texts) -> bytes:
    """The texts as a tar.gz of one folder."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, text in texts:
            content = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"piwizard-report/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
