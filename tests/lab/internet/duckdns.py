"""Simulate DuckDNS: one GET with a token; it accepts a TXT record for DNS-01."""

from __future__ import annotations

from tests.lab.internet.dyndns2 import wanted_addresses
from tests.lab.internet.names import Zones
from tests.lab.internet.web import Reply, Request, Site

DOMAIN = "duckdns.org"


class DuckDns(Site):
    """The site www.duckdns.org. `tokens` has the names that each token may change."""

    def __init__(self, zones: Zones) -> None:
        super().__init__(self._update)
        self._zones = zones
        self.tokens: dict[str, set[str]] = {}
        self.answer: str | None = None
        self.answers: list[str] = []

    def account(self, token: str, *names: str) -> None:
        """Open an account; names with or without .duckdns.org, at first an empty TXT."""
        self.tokens[token] = {name.removesuffix(f".{DOMAIN}") for name in names}
        for name in self.tokens[token]:
            self._zones.set(f"{name}.{DOMAIN}", "TXT", "")

    def _update(self, request: Request) -> Reply:
        if request.path != "/update":
            return Reply("Not Found\n", 404)
        told = self.answer if self.answer is not None else self._change(request)
        self.answers.append(told)
        return Reply(told)

    def _change(self, request: Request) -> str:
        params = request.params
        names = [name.removesuffix(f".{DOMAIN}") for name in params.get("domains", "").lower().split(",") if name]
        allowed = self.tokens.get(params.get("token", ""), set())
        if not names or not set(names) <= allowed:
            return "KO"
        if "txt" in params:
            return self._text(names, params["txt"], clear="clear" in params)
        if params.get("clear") == "true":
            for name in names:
                self._zones.remove(f"{name}.{DOMAIN}")
            return "OK"
        addresses = wanted_addresses(request)
        if addresses is None:
            return "KO"
        changed = "NOCHANGE"
        for name in names:
            for kind, address in addresses.items():
                if self._zones.get(f"{name}.{DOMAIN}", kind) != [address]:
                    self._zones.set(f"{name}.{DOMAIN}", kind, address)
                    changed = "UPDATED"
        told = "\n".join(("OK", addresses.get("A", ""), addresses.get("AAAA", ""), changed))
        return told if params.get("verbose") == "true" else "OK"

    def _text(self, names: list[str], text: str, *, clear: bool) -> str:
        for name in names:
            # The real servers return the text below each name, too.
            for label in (f"{name}.{DOMAIN}", f"_acme-challenge.{name}.{DOMAIN}"):
                self._zones.set(label, "TXT", "" if clear else text)
        return "OK"
