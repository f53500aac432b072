"""Decide which locks of a repository are abandoned."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from piwizard.system import process_times
from piwizard.system.lazy_dataclass import dataclass

LOCK_SECONDS = 1800.0
"""After this time, restic takes any lock for abandoned."""


@dataclass(frozen=True)
class RepositoryLock:
    """The host that made a lock, and when."""

    host: str
    at: datetime


def unlock_words(locks: Sequence[RepositoryLock], *, server: bool) -> tuple[str, ...]:
    """Return the command that removes abandoned locks; () if they must stay.

    restic takes the processes of another Pi with the same host name for those of this one. At a server, locks with this
    name therefore stay for 30 minutes: a process that still runs makes its lock again every five. In a folder, a lock
    from before this Pi started is of a power cut, even if another process has the number of its process now.
    """
    own = [one for one in locks if one.host == socket.gethostname()]
    if server:
        now = datetime.now(UTC)
        # One from the future was made with a wrong clock: it would stay for years.
        return () if any(abs((now - one.at).total_seconds()) < LOCK_SECONDS for one in own) else ("unlock",)
    started = process_times.started_at(1)
    if own and len(own) == len(locks) and started is not None and all(one.at.timestamp() < started for one in own):
        return ("unlock", "--remove-all")
    return ("unlock",)
