"""Keep a service from starting while its data is switched.

Visitors wait meanwhile at the socket that systemd keeps open.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from piwizard.system import files, paths

UNITS = Path("/run/systemd/system")
DROP_IN = """\
# piwizard keeps this service from starting while it switches the data. The service starts when piwizard exits.
[Service]
ExecStartPre=+/usr/bin/flock --shared {lock} /bin/true
TimeoutStartSec=infinity
"""


class HeldService:
    """The drop-in and the lock of one service. The lock disappears with its process.

    The caller reloads systemd and stops the service between `hold` and `release`.
    """

    def __init__(self, service: str) -> None:
        self._drop_in = UNITS / f"{service}.d" / "piwizard-hold.conf"
        self._lock = paths.lock_file().with_name(f"{service}.hold")
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Return whether this process keeps the service from starting."""
        return self._handle is not None

    def hold(self) -> None:
        """Take the lock, then write the drop-in."""
        if self._handle is None:
            files.make_folders(self._lock.parent)
            self._handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        files.make_folders(self._drop_in.parent)
        files.replace(self._drop_in, DROP_IN.format(lock=self._lock).encode())

    def release(self) -> bool:
        """Remove the drop-in, then release the lock; return whether there was any.

        The caller reloads systemd.
        """
        there = self._drop_in.exists() or self._handle is not None
        self._drop_in.unlink(missing_ok=True)
        if self._drop_in.parent.is_dir() and not any(self._drop_in.parent.iterdir()):
            self._drop_in.parent.rmdir()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        return there
