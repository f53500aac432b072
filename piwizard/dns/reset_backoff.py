"""ddclient waits after a failure, up to half an hour: not where that failure says nothing of today."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.dns import ddclient
from piwizard.dns.ddns_account import Account
from piwizard.system import files
from piwizard.system.system_cache import SystemCache

STOP, START = ("systemctl", "stop", ddclient.SERVICE), ("systemctl", "start", ddclient.SERVICE)


@dataclass(frozen=True)
class Retry:
    """ddclient's last failure is none that is over: that nobody was reached, or that a provider refused what stood in
    `settings` before. What a provider refuses of the settings as they are is left alone, for it blocks those who go
    on asking."""

    kind: ClassVar[str] = "retry"
    account: Account
    settings: Path

    def describe(self) -> str:
        return "Have ddclient try again where its last failure is over"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        word = ddclient.last_word(self.account)
        over = word.status == ddclient.UNHEARD or (word.status not in ("", ddclient.GOOD) and word.at < self._altered())
        if not over:
            return IN_SYNC
        forgotten = f"# what it noted of its last attempt ({word.status}) is removed: {ddclient.CACHE}"
        return Preview(in_sync=False, diff=forgotten, argv=(STOP, START), now=f"its last attempt came to {word.status}")

    def apply(self, work: ApplyContext) -> None:
        work.command(STOP)
        files.remove(ddclient.CACHE)
        work.note(ddclient.CACHE, "removed")
        work.command(START)

    def _altered(self) -> float:
        return self.settings.stat().st_mtime if self.settings.exists() else 0.0
