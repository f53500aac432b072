"""Simulate the dyndns2 protocol: No-IP's servers and compatible ones."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass, field

from tests.lab.internet.names import Zones
from tests.lab.internet.web import Reply, Request, Site

# User agents that are refused: the defaults of libraries.
NAMELESS = re.compile(r"(curl|wget|python|python-requests|python-urllib|go-http-client|mozilla)\b", re.I)
PRODUCT = re.compile(r"\S+/\S+")


@dataclass
class Account:
    """A login and the names it may change."""

    login: str
    password: str
    hosts: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Manners:
    """The differences between providers."""

    paths: tuple[str, ...] = ("/nic/update", "/v3/update")
    refusal: int = 401
    """The status of "badauth"."""
    agent: bool = False
    """Whether a client must send a user agent."""


class DynDns2(Site):
    """A provider with the dyndns2 protocol.

    `accounts` may log in; `answer` ("abuse", "911", "!donator" …) replaces the correct one.
    """

    def __init__(self, zones: Zones, manners: Manners) -> None:
        super().__init__(self._update)
        self._zones = zones
        self._manners = manners
        self.accounts: list[Account] = []
        self.answer: str | None = None
        self.answers: list[str] = []
        """The answers, oldest first."""

    def account(self, login: str, password: str, *hosts: str) -> Account:
        """Open an account. Its names have no address until the first update."""
        made = Account(login, password, set(hosts))
        self.accounts.append(made)
        return made

    def _update(self, request: Request) -> Reply:
        if request.path not in self._manners.paths:
            return Reply("Not Found\n", 404)
        code, status = self._decide(request)
        self.answers.append(code)
        asked = {"WWW-Authenticate": 'Basic realm="update"'} if status == 401 else {}
        return Reply(f"{code}\r\n", status, asked)

    def _decide(self, request: Request) -> tuple[str, int]:
        agent = request.headers.get("user-agent", "")
        if self._manners.agent and (not PRODUCT.match(agent) or NAMELESS.match(agent)):
            return "badagent", 200
        account = self._who(request)
        if account is None:
            return "badauth", self._manners.refusal
        if self.answer is not None:
            return self.answer, 200
        names = [name for name in request.params.get("hostname", "").lower().split(",") if name]
        if not names:
            return "notfqdn", 200
        addresses = wanted_addresses(request)
        if addresses is None:
            return "badip", 200
        lines = [self._change(account, name, addresses) for name in names]
        return "\r\n".join(lines), 200

    def _who(self, request: Request) -> Account | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        login, _, password = base64.b64decode(value).decode(errors="replace").partition(":")
        return next((a for a in self.accounts if (a.login, a.password) == (login, password)), None)

    def _change(self, account: Account, name: str, addresses: dict[str, str]) -> str:
        if name not in account.hosts:
            return "nohost"
        told = ",".join(addresses.values())
        if all(self._zones.get(name, kind) == [address] for kind, address in addresses.items()):
            return f"nochg {told}"
        for kind, address in addresses.items():
            self._zones.set(name, kind, address)
        return f"good {told}"


def wanted_addresses(request: Request, *, extra: tuple[str, ...] = ()) -> dict[str, str] | None:
    """Return the addresses of an update by record type, by default its source.

    None if one is invalid.
    """
    names = ("myip", "myipv4", "ip", "ipv4", "myipv6", "ipv6", "ip6")
    given = [word for name in names + extra for word in request.params.get(name, "").split(",")]
    given = [word for word in given if word and word != "preserve"] or [request.peer]
    try:
        parsed = [ipaddress.ip_address(word) for word in given]
    except ValueError:
        return None
    return {"AAAA" if address.version == 6 else "A": str(address) for address in parsed}
