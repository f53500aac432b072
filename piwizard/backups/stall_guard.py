"""End restic if it makes no progress: it would be waited for without end.

restic 0.14 does so in one of twenty backups that fill a drive: it has read everything, and its parts wait for each
other.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from piwizard.system.commands import Process

LEAST_BYTES = 64 << 10
"""What restic reads and writes at least while it works. Its own status takes 10 KiB a minute."""
LONGEST_PAUSE = 5.0
END_SECONDS = 10.0
"""How long it may take to remove its lock."""


class StallGuard:
    """Watches restic at a pipe, and ends it if it makes no progress.

    It is ended after `patience` seconds. Time counts only while restic does not wait for this program: its input is
    there, or its output was taken.
    `stalled` is whether restic was ended. `close` closes the pipe.
    """

    def __init__(self, restic: Process, pipe: int, patience: float, *, sends: bool) -> None:
        self.stalled = False
        self._restic, self._patience, self._sends = restic, patience, sends
        self._pipe: int | None = pipe
        self._using = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall-guard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Close the pipe. May be called again."""
        with self._using:
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None

    def _watch(self) -> None:
        moved, since = self._moved_bytes(), time.monotonic()
        while not self._over.wait(min(LONGEST_PAUSE, self._patience / 10)):
            now = self._moved_bytes()
            if now is None:  # it has ended
                return
            if self._waits_for_us() or moved is None or now - moved >= LEAST_BYTES:
                moved, since = now, time.monotonic()
            elif time.monotonic() - since > self._patience:
                self._end()
                return

    def _end(self) -> None:
        self.stalled = True
        self._restic.signal(signal.SIGINT)
        if not self._over.wait(END_SECONDS):
            self._restic.signal(signal.SIGKILL)

    def _moved_bytes(self) -> int | None:
        """Return how many bytes restic has read and written; None after its end."""
        try:
            lines = Path(f"/proc/{self._restic.pid}/io").read_text().splitlines()
        except OSError:
            return None
        counts = dict(line.split(": ") for line in lines)
        return int(counts["rchar"]) + int(counts["wchar"])

    def _waits_for_us(self) -> bool:
        with self._using:
            if self._pipe is None:
                return False
            (unread,) = struct.unpack("i", fcntl.ioctl(self._pipe, termios.FIONREAD, b"\0" * 4))
        return (unread == 0) is self._sends
