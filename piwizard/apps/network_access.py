"""Control what an app may reach over the network, with nftables and systemd."""

from __future__ import annotations

import json
import pwd
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.network_rules import NetworkAccess
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.system import commands, egress_filter, files
from piwizard.system.app_sandbox import read_resolvers
from piwizard.system.egress_filter import HOME, INTERNET
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

PROGRAM = Path("/usr/local/lib/piwizard/egress.py")
UNITS = Path("/etc/systemd/system")
SERVICE, WATCH, TIMER = "piwizard-egress.service", "piwizard-egress.path", "piwizard-egress.timer"
REFUSALS_KEPT_FOR = timedelta(days=1)
"""How long nftables remembers a refused connection; set in `egress_filter.ruleset`."""


def egress_changes(site: str, network: str, why: str = "") -> tuple[Change, ...]:
    """Return the changes that set up the packet filter, shared and for one site.

    Apply them after the site's user exists and before anything of the app runs. `why` says what in the code needs
    `network`.
    """
    program = File(PROGRAM, Path(egress_filter.__file__).read_text(encoding="utf-8"))
    service = File(UNITS / SERVICE, render("systemd/egress.service.j2", program=PROGRAM))
    watch = File(UNITS / WATCH, render("systemd/egress.path.j2"))
    timer = File(UNITS / TIMER, render("systemd/egress.timer.j2"))
    folders = [
        Folder(folder) for folder in (PROGRAM.parent, egress_filter.SITES_FOLDER.parent, egress_filter.SITES_FOLDER)
    ]
    shared: tuple[Change, ...] = (*folders, program, service, watch, timer, RunningUnit(WATCH), RunningUnit(TIMER))
    reload, start = Activation(("systemctl", "daemon-reload")), Activation(("systemctl", "start", SERVICE))
    return (
        Packages(("nftables",)),
        Transaction("egress", shared, activate=(reload,), shared=True),
        Transaction(
            f"{site}-network",
            (NetworkAccess(egress_filter.SITES_FOLDER / site, f"{network}\n", why=why),),
            activate=(start,),
        ),
    )


def agreed_network(site: str) -> str | None:
    """Return what was agreed for a site when it was last set up; None if it is new."""
    text = (files.read(egress_filter.SITES_FOLDER / site) or b"").decode("utf-8", "replace").strip()
    return text if text in (INTERNET, HOME) else None


@dataclass(frozen=True)
class RefusedConnection:
    """A destination that the packet filter refused, and the time of the last attempt."""

    address: str
    protocol: str
    port: int
    at: datetime

    @property
    def text(self) -> str:
        """Return the destination as a person reads it."""
        return f"{self.address} port {self.port} ({self.protocol.upper()})"


@dataclass(frozen=True)
class PacketFilter:
    """The packet filter's state for one app.

    `loaded`: its rules are in force. `possible`: the kernel has nf_tables.
    """

    loaded: bool
    possible: bool = True
    refused: tuple[RefusedConnection, ...] = ()


def read_filter(user: str) -> PacketFilter:
    """Return the state of the packet filter for the packets of this user."""
    try:
        number = pwd.getpwnam(user).pw_uid
    except KeyError:
        return PacketFilter(loaded=False)
    if commands.which("nft") is None or not commands.run(("nft", "list", "tables"), timeout=10).ok:
        return PacketFilter(loaded=False, possible=False)
    listed = commands.run(("nft", "--json", "list", "table", "inet", egress_filter.TABLE), timeout=10)
    try:
        return (
            parse_ruleset(json.loads(listed.output), number, datetime.now(UTC))
            if listed.ok
            else PacketFilter(loaded=False)
        )
    except (ValueError, KeyError, TypeError):
        return PacketFilter(loaded=False)


def unreachable_resolvers(site: str) -> tuple[str, ...]:
    """Return the name servers that systemd blocks for a site's service.

    They change with the network; the rules follow within moments.
    """
    shown = commands.run(("systemctl", "show", "--property=IPAddressDeny,IPAddressAllow", f"{site}.service"))
    fields = dict(line.split("=", 1) for line in shown.output.splitlines() if "=" in line)
    if not fields.get("IPAddressDeny"):
        return ()
    allowed, denied = (_networks(fields.get(name, "")) for name in ("IPAddressAllow", "IPAddressDeny"))

    def reached(address: str) -> bool:
        parsed = ip_address(address)
        return any(parsed in network for network in allowed) or not any(parsed in network for network in denied)

    return tuple(address for address in read_resolvers() if not reached(address))


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(word) for word in text.split()]


def parse_ruleset(ruleset: Mapping[str, Any], user: int, now: datetime) -> PacketFilter:
    """Return the state of the packet filter from the JSON of nft."""
    objects = ruleset["nftables"]
    sets = {one["set"]["name"]: one["set"].get("elem", []) for one in objects if "set" in one}
    hooked = any(one["rule"]["chain"] == "output" for one in objects if "rule" in one)
    found = [entry for name in ("refused4", "refused6") for entry in _refused(sets.get(name, []), user, now)]
    loaded = hooked and user in sets.get("apps", [])
    return PacketFilter(loaded, refused=tuple(sorted(found, key=lambda one: one.at)))


def _refused(elements: Iterable[Any], user: int, now: datetime) -> Iterable[RefusedConnection]:
    for element in elements:
        inside = element["elem"]
        owner, address, protocol, port = inside["val"]["concat"]
        if owner == user:
            ago = REFUSALS_KEPT_FOR - timedelta(seconds=inside.get("expires", 0))
            yield RefusedConnection(str(address), str(protocol), int(port), now - ago)


__all__ = [
    "HOME",
    "INTERNET",
    "PacketFilter",
    "RefusedConnection",
    "agreed_network",
    "egress_changes",
    "read_filter",
    "read_resolvers",
    "unreachable_resolvers",
]
