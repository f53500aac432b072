"""Wait longer and longer for a git server that does not answer.

The state is in memory (/run), so that waiting writes nothing to the card, and so that a restart asks at once.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

MAX_SECONDS = 6 * 3600.0
TELL_AFTER_FAILURES = 6
"""After so many tries without an answer, it is recorded."""


@dataclass(frozen=True)
class PollBackoff:
    """The tries without an answer, and when the server is asked next.

    Times are seconds since the boot.
    """

    failures: int = 0
    next_at: float = 0.0

    def due(self) -> bool:
        """Return whether the server may be asked now."""
        return boot_seconds() >= self.next_at


def read_backoff(site: str) -> PollBackoff:
    """Return the state of a site; a server that has always answered is asked at once."""
    try:
        kept = json.loads(files.read(_file(site)) or b"{}")
        return PollBackoff(int(kept["failures"]), float(kept["next_at"]))
    except (ValueError, TypeError, KeyError):
        return PollBackoff()


def note_failure(site: str, minutes: int) -> PollBackoff:
    """Double the time until the server is asked again, up to six hours."""
    failures = read_backoff(site).failures + 1
    wait = min(MAX_SECONDS, minutes * 60.0 * 2 ** min(failures, 16))
    after = PollBackoff(failures, boot_seconds() + wait)
    files.make_folders(_file(site).parent, 0o700)
    files.replace(_file(site), json.dumps({"failures": failures, "next_at": after.next_at}).encode(), mode=0o600)
    return after


def forget_failures(site: str) -> None:
    """Ask the server as often as usual again."""
    _file(site).unlink(missing_ok=True)


def boot_seconds() -> float:
    """Return the seconds since the boot, whatever happens to the clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _file(site: str) -> Path:
    return paths.lock_file().parent / "deploys" / f"{site}.json"
