"""Restart ddclient without waiting if its last failure is outdated."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.dns import ddclient
from piwizard.dns.ddns_account import Account
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

STOP, START = ("systemctl", "stop", ddclient.SERVICE), ("systemctl", "start", ddclient.SERVICE)


@dataclass(frozen=True)
class ResetBackoff:
    """ddclient without an outdated failure, after which it waits up to half an hour.

    A failure is outdated if no server was reached, or if the `settings` changed since. If a provider refused the
    current settings, ddclient must wait: providers block clients that repeat refused requests.
    """

    kind: ClassVar[str] = "retry"
    account: Account
    settings: Path

    def describe(self) -> str:
        return "Retry the DDNS update if the last failure is outdated"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        last = ddclient.read_last_update(self.account)
        outdated = last.status == ddclient.UNHEARD or (
            last.status not in ("", ddclient.GOOD) and last.at < self._settings_time()
        )
        if not outdated:
            return IN_SYNC
        diff = f"# deletes the saved result of the last attempt ({last.status}): {ddclient.CACHE}"
        return Preview(in_sync=False, diff=diff, argv=(STOP, START), now=f"the last attempt ended with {last.status}")

    def apply(self, work: ApplyContext) -> None:
        work.command(STOP)
        files.remove(ddclient.CACHE)
        work.note(ddclient.CACHE, "removed")
        work.command(START)

    def _settings_time(self) -> float:
        return self.settings.stat().st_mtime if self.settings.exists() else 0.0
