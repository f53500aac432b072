"""Ask a DDNS provider whether it accepts an account, without changing a record.

Most providers offer no such request, and block clients that repeat updates: their accounts are verified by the first
update of an installation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from piwizard.dns import lookup, update_request
from piwizard.dns.ddns_account import Account
from piwizard.dns.provider_errors import explain
from piwizard.dns.update_request import UpdateReply
from piwizard.system.lazy_dataclass import dataclass

MAX_CHECKS = 6
PERIOD_SECONDS = 600.0
"""MAX_CHECKS are made in this time at most."""


@dataclass(frozen=True)
class AccountCheck:
    """The answer of a provider to one account, in a sentence."""

    ok: bool
    sentence: str


class AccountChecks:
    """The checks of one process: each account once, and a limited number.

    Thread-safe. It keeps hashes of accounts, no secrets.
    """

    def __init__(
        self,
        ask: Callable[[Account], UpdateReply | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._clock = ask or ask_provider, clock
        self._known: dict[str, AccountCheck | None] = {}
        self._made: list[float] = []
        self._not_before: dict[str, float] = {}
        self._lock = threading.Lock()

    def check(self, account: Account) -> AccountCheck | None:
        """Return the provider's answer; None if it cannot be asked, or not now. Slow."""
        with self._lock:
            if account.fingerprint in self._known:
                return self._known[account.fingerprint]
            now, provider = self._clock(), account.provider
            self._made = [at for at in self._made if now - at < PERIOD_SECONDS]
            if len(self._made) >= MAX_CHECKS or now < self._not_before.get(provider.name, now):
                return None
            self._made.append(now)
            reply = self._ask(account)
            if reply is None:
                found = None
            elif reply.accepted:
                found = AccountCheck(True, f"{provider.title} accepted it.")
            else:
                refusal = explain(reply.code, account)
                found = AccountCheck(False, refusal.sentence)
                if refusal.key is None:  # nothing that another answer would change
                    self._not_before[provider.name] = now + 60 * refusal.wait
            self._known[account.fingerprint] = found
            return found


def ask_provider(account: Account) -> UpdateReply | None:
    """Return the provider's answer to a request that changes no record.

    None if there is no such request. At DuckDNS, it is an update to the address that the name has already.
    """
    if account.provider.protocol == "duckdns":
        now = lookup.ask_name_servers(account.hostname, "A")
        return update_request.update(account, now.records[0]) if now.status == "found" else None
    return update_request.verify(account)
