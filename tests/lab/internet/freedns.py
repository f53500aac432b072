"""Simulate FreeDNS (afraid.org): update URLs by a hash of the login, and dyndns2."""

from __future__ import annotations

import hashlib

from tests.lab.internet.dyndns2 import Account, DynDns2, Manners, wanted_addresses
from tests.lab.internet.names import Zones
from tests.lab.internet.web import Reply, Request

HOST = "freedns.afraid.org"
FIRST = "11.22.33.200"


class FreeDns(DynDns2):
    """The provider FreeDNS.

    A record exists before any client: `account` creates it, with an unused address.
    """

    def __init__(self, zones: Zones) -> None:
        super().__init__(zones, Manners())

    def account(self, login: str, password: str, *hosts: str) -> Account:
        for host in hosts:
            self._zones.set(host, "A", FIRST)
        return super().account(login, password, *hosts)

    def _update(self, request: Request) -> Reply:
        match request.path:
            case "/api/" if request.params.get("action") == "getdyndns":
                return self._list(request.params.get("sha", ""))
            case "/dynamic/update.php":
                return self._by_key(request)
        return super()._update(request)

    def _list(self, proof: str) -> Reply:
        account = next((a for a in self.accounts if _sha(f"{a.login}|{a.password}") == proof), None)
        if account is None or self.answer is not None:
            return Reply(self.answer or "ERROR: Could not authenticate.")
        lines = [
            f"{host}|{address}|https://{HOST}/dynamic/update.php?{_sha(f'{account.login} {host} {kind}')}"
            for host in sorted(account.hosts)
            for kind in ("A", "AAAA")
            for address in self._zones.get(host, kind)
        ]
        return Reply("\n".join(lines) + "\n")

    def _by_key(self, request: Request) -> Reply:
        key = request.query.partition("&")[0]
        addresses = wanted_addresses(request, extra=("address",)) or {}
        for account in self.accounts:
            for host in account.hosts:
                for kind, address in addresses.items():
                    if _sha(f"{account.login} {host} {kind}") == key:
                        return Reply(self._set(host, kind, address))
        return Reply("ERROR: Invalid update URL (2)\n")

    def _set(self, host: str, kind: str, address: str) -> str:
        (before,) = self._zones.get(host, kind)
        if before == address:
            return f"ERROR: Address {address} has not changed.\n"
        self._zones.set(host, kind, address)
        return f"Updated 1 host(s) {host} to {address} in 0.1 seconds\n"


def _sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
