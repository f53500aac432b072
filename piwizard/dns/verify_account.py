"""Verify a DDNS account with one update, and wait before repeating a refused one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.dns import update_request
from piwizard.dns.ddns_account import Account
from piwizard.dns.provider_errors import ProviderError, explain
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class VerifyAccount:
    """An account that the provider accepts, shown by one update.

    `noted` is a file with the fingerprint of the verified account, or with the error and the time of the next attempt:
    providers block clients that repeat refused requests. `public_ip` returns the address for the update.
    """

    kind: ClassVar[str] = "account"
    account: Account
    public_ip: Callable[[], str | None]
    noted: Path

    def describe(self) -> str:
        return f"Verify the account at {self.account.provider.title} with an update of {self.account.hostname}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self._note().get("proven") == self.account.fingerprint:
            return IN_SYNC
        return Preview(in_sync=False, diff=f"# sends one update of {self.account.hostname} to {self.account.server}")

    def apply(self, work: ApplyContext) -> None:
        self._require_waiting_time_over()
        work.say(f"Sending an update of {self.account.hostname} to {self.account.server}.")
        answer = update_request.update(self.account, self.public_ip())
        if answer.accepted:
            self._write({"proven": self.account.fingerprint})
            work.say(f"{self.account.provider.title} accepted the account.")
            return
        refusal = explain(answer.code, self.account)
        if refusal.wait:
            until = time.time() + 60 * refusal.wait
            self._write({"refused": self.account.fingerprint, "code": answer.code, "until": until})
        raise _failed(refusal, refusal.hint)

    def _require_waiting_time_over(self) -> None:
        """Raise the earlier error while the provider's waiting time lasts."""
        note = self._note()
        if note.get("refused") != self.account.fingerprint:
            return
        refusal = explain(str(note["code"]), self.account)
        left = float(note["until"]) - time.time()
        if 0 < left <= 60 * refusal.wait:  # after the clock was set back, the wait must not last forever
            minutes = max(1, round(left / 60))
            again = f"The next attempt with these answers is possible in {minutes} minute{'s' if minutes > 1 else ''}."
            raise _failed(refusal, f"{refusal.hint} {again}")

    def _note(self) -> dict[str, Any]:
        try:
            return dict(json.loads(files.read(self.noted) or b"{}"))
        except ValueError:  # damaged: verify again
            return {}

    def _write(self, note: dict[str, Any]) -> None:
        files.make_folders(self.noted.parent)
        files.replace(self.noted, json.dumps(note).encode(), mode=0o600)


def _failed(refusal: ProviderError, hint: str) -> ChangeFailed:
    return ChangeFailed(refusal.sentence, key=refusal.key, hint=hint)
