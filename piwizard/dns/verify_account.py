"""The account is proven before anything is kept: one update, and a refusal is not asked for again at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.dns import update_request
from piwizard.dns.ddns_account import Account
from piwizard.dns.provider_errors import ProviderError, explain
from piwizard.system import files
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Prove:
    """The provider has accepted an update for this account.

    `noted` keeps the account's fingerprint, or what was refused and until when it is not asked again: a provider
    blocks those who go on asking. `outside` finds the address that the name shall lead to.
    """

    kind: ClassVar[str] = "account"
    account: Account
    outside: Callable[[], str | None]
    noted: Path

    def describe(self) -> str:
        return f"Let {self.account.provider.title} accept an update of {self.account.hostname}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self._note().get("proven") == self.account.fingerprint:
            return IN_SYNC
        return Preview(in_sync=False, diff=f"# one update of {self.account.hostname} is sent to {self.account.server}")

    def apply(self, work: ApplyContext) -> None:
        self._hold_back()
        work.say(f"Asking {self.account.server} to let {self.account.hostname} lead here.")
        answer = update_request.update(self.account, self.outside())
        if answer.accepted:
            self._write({"proven": self.account.fingerprint})
            work.say(f"{self.account.provider.title} accepts the account.")
            return
        refusal = explain(answer.code, self.account)
        if refusal.wait:
            until = time.time() + 60 * refusal.wait
            self._write({"refused": self.account.fingerprint, "code": answer.code, "until": until})
        raise _failed(refusal, refusal.hint)

    def _hold_back(self) -> None:
        """Raises what was refused before, as long as the provider's time has not passed."""
        note = self._note()
        if note.get("refused") != self.account.fingerprint:
            return
        refusal = explain(str(note["code"]), self.account)
        left = float(note["until"]) - time.time()
        if 0 < left <= 60 * refusal.wait:  # a clock that was set back must not lock anybody out
            minutes = max(1, round(left / 60))
            again = f"It is not asked again for {minutes} minute{'s' if minutes > 1 else ''} unless the answers change."
            raise _failed(refusal, f"{refusal.hint} {again}")

    def _note(self) -> dict[str, Any]:
        try:
            return dict(json.loads(files.read(self.noted) or b"{}"))
        except ValueError:  # torn or edited: the provider says it again
            return {}

    def _write(self, note: dict[str, Any]) -> None:
        files.make_folders(self.noted.parent)
        files.replace(self.noted, json.dumps(note).encode(), mode=0o600)


def _failed(refusal: ProviderError, hint: str) -> ChangeFailed:
    return ChangeFailed(refusal.sentence, key=refusal.key, hint=hint)
