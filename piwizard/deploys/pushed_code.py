"""Keep the code that was pushed: a bundle, a file with a branch and its history.

It comes from a stranger's process and belongs to root, so that root never reads in a folder that others write to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from piwizard.answers.model import Answers
from piwizard.deploys.deploy_record import record_folder
from piwizard.deploys.deploy_ways import PUSH, ways_of
from piwizard.errors import PiwizardError
from piwizard.system import files

HEADERS = (b"# v2 git bundle\n", b"# v3 git bundle\n")
MAX_BYTES = 512 << 20
MIN_FREE_BYTES = 64 << 20
PIECE = 1 << 16


def bundle_file(site: str) -> Path:
    """Return the file with the code that was pushed last, and deployed."""
    return record_folder(site) / "pushed.bundle"


def pushed_repository(answers: Answers) -> str | None:
    """Return the file that replaces app.repo; None before the first push."""
    file = bundle_file(str(answers.site))
    return str(file) if PUSH in ways_of(answers) and file.exists() else None


class PushedCode:
    """The code of one push: put in place by `take`, final with `keep`.

    Meanwhile the code from before is beside it; an empty file if there was none.
    """

    def __init__(self, site: str) -> None:
        self._file = bundle_file(site)
        self._before = self._file.with_name("pushed.previous")
        self._new = self._file.with_name("pushed.new")

    def take(self, stream: BinaryIO) -> None:
        """Read a bundle to its end, within limits, and put it in place.

        If the push before was killed, it is unknown whether its code works: the code from before it counts again.
        """
        if self._before.exists():
            self.put_back()
        handle = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            size = 0
            while piece := stream.read(PIECE):
                size += len(piece)
                disk = os.statvfs(self._new)
                if size > MAX_BYTES or disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES:
                    self._new.unlink()
                    raise PiwizardError(
                        f"The repository has more than {MAX_BYTES >> 20} MB, or more than fits on the disk.",
                        hint="Free disk space, or let the Pi fetch the repository: set app.deploy to poll.",
                    )
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        with self._new.open("rb") as written:
            if written.readline(len(HEADERS[0])) not in HEADERS:
                self._new.unlink()
                raise PiwizardError("What was pushed did not arrive.", hint="Push again.")
        if self._file.exists():
            self._file.replace(self._before)
        else:
            self._before.touch(0o600)
        self._new.replace(self._file)
        files.sync_folder(self._file.parent)

    def keep(self) -> None:
        """Remove the code from before the push."""
        files.unlink(self._before)

    def put_back(self) -> None:
        """Restore the code from before the push."""
        if self._before.stat().st_size:
            self._before.replace(self._file)
        else:
            self._file.unlink(missing_ok=True)
            self._before.unlink()
        files.sync_folder(self._file.parent)
