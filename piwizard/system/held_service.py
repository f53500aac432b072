"""A service that is kept from starting for a moment, while its visitors wait at the socket that systemd has."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from piwizard.system import files, paths

UNITS = Path("/run/systemd/system")
DROP_IN = """\
# piwizard holds this service while its data is switched. If piwizard ends, however it ends, the service starts.
[Service]
ExecStartPre=+/usr/bin/flock --shared {lock} /bin/true
TimeoutStartSec=infinity
"""


class HeldService:
    """The drop-in and the lock of one service. Nothing is left of the lock when the process that holds it is gone.

    Between `hold` and `release`, systemd has to be told about the drop-in, and the service to be stopped.
    """

    def __init__(self, service: str) -> None:
        self._drop_in = UNITS / f"{service}.d" / "piwizard-hold.conf"
        self._lock = paths.lock_file().with_name(f"{service}.hold")
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether it is held by this process."""
        return self._handle is not None

    def hold(self) -> None:
        """Takes the lock, then writes the drop-in."""
        if self._handle is None:
            files.make_folders(self._lock.parent)
            self._handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        files.make_folders(self._drop_in.parent)
        files.replace(self._drop_in, DROP_IN.format(lock=self._lock).encode())

    def release(self) -> bool:
        """Removes the drop-in, then lets the lock go; says whether there was anything. systemd has to be told."""
        there = self._drop_in.exists() or self._handle is not None
        self._drop_in.unlink(missing_ok=True)
        if self._drop_in.parent.is_dir() and not any(self._drop_in.parent.iterdir()):
            self._drop_in.parent.rmdir()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        return there
