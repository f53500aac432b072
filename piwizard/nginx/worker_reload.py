"""Check that nginx's workers use the configuration on disk.

A reload returns before the new workers have started.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from piwizard.system.process_times import started_at

PID_FILE = Path("/run/nginx.pid")
LEAVING = b"shutting down"
"""What nginx calls a worker that takes no new connections: it ends with its last one, hours later perhaps."""
TICK = 0.02
"""Seconds by which the kernel's times of files and of processes may differ."""


def up_to_date(files: Iterable[Path], pid_file: Path | None = None) -> bool:
    """Return whether all active workers started after these files were written."""
    written = max((path.lstat().st_mtime for path in files if os.path.lexists(path)), default=0.0)
    began = list(_began(pid_file or PID_FILE))
    if written > time.time():  # the clock was set back meanwhile: there is nothing to compare
        return bool(began)
    return bool(began) and min(began) >= written - TICK


def _began(pid_file: Path) -> Iterator[float]:
    """When each worker was started, by today's clock."""
    try:
        master = pid_file.read_text().strip()
    except OSError:
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            title = (folder / "cmdline").read_bytes() if fields[1] == master else b""
            began = started_at(int(folder.name)) if b"worker process" in title and LEAVING not in title else None
            if began is not None:
                yield began
        except (OSError, IndexError):  # it has just ended
            continue
