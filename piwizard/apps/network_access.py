"""What an app may reach over the network, as lines of its unit, and the program and units that help with it."""

from __future__ import annotations

import json
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from piwizard.templates.render import render

PROGRAM = Path("/usr/local/lib/piwizard/egress.py")
UNITS = Path("/etc/systemd/system")
SERVICE, WATCH, TIMER = "piwizard-egress.service", "piwizard-egress.path", "piwizard-egress.timer"
REMEMBERED = timedelta(days=1)
"""How long nftables keeps what it refused, as `egress.ruleset` says."""


def guard(site: str, network: str, why: str = "") -> tuple[Change, ...]:
    """Return the changes that put the packet filter in place, for all sites together, and one site under it.

    They come after the site's user and before anything of the app runs. `why` says what in the code made it `network`.
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


def agreed(site: str) -> str | None:
    """Return what a site's app may reach since it was last set up; None for a new site."""
    text = (files.read(egress_filter.SITES_FOLDER / site) or b"").decode("utf-8", "replace").strip()
    return text if text in (INTERNET, HOME) else None


@dataclass(frozen=True)
class RefusedConnection:
    """A destination that the packet filter kept an app from, and when it did so last."""

    address: str
    protocol: str
    port: int
    at: datetime

    @property
    def text(self) -> str:
        """Return it as a person reads it."""
        return f"{self.address} port {self.port} ({self.protocol.upper()})"


@dataclass(frozen=True)
class Filter:
    """What nftables holds for one app. `loaded`: its rules are in force; `possible`: the kernel has nf_tables."""

    loaded: bool
    possible: bool = True
    refused: tuple[RefusedConnection, ...] = ()


def look(user: str) -> Filter:
    """Return what the packet filter does with the packets of this user."""
    try:
        number = pwd.getpwnam(user).pw_uid
    except KeyError:
        return Filter(loaded=False)
    if commands.which("nft") is None or not commands.run(("nft", "list", "tables"), timeout=10).ok:
        return Filter(loaded=False, possible=False)
    listed = commands.run(("nft", "--json", "list", "table", "inet", egress_filter.TABLE), timeout=10)
    try:
        return read(json.loads(listed.output), number, datetime.now(UTC)) if listed.ok else Filter(loaded=False)
    except (ValueError, KeyError, TypeError):
        return Filter(loaded=False)


def unreachable_resolvers(site: str) -> tuple[str, ...]:
    """Return the name servers that systemd keeps a site's service from. It follows the network within moments."""
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


def read(ruleset: Mapping[str, Any], user: int, now: datetime) -> Filter:
    """Return the same from nft's JSON."""
    objects = ruleset["nftables"]
    sets = {one["set"]["name"]: one["set"].get("elem", []) for one in objects if "set" in one}
    hooked = any(one["rule"]["chain"] == "output" for one in objects if "rule" in one)
    found = [entry for name in ("refused4", "refused6") for entry in _refused(sets.get(name, []), user, now)]
    loaded = hooked and user in sets.get("apps", [])
    return Filter(loaded, refused=tuple(sorted(found, key=lambda one: one.at)))


def _refused(elements: Iterable[Any], user: int, now: datetime) -> Iterable[RefusedConnection]:
    for element in elements:
        inside = element["elem"]
        owner, address, protocol, port = inside["val"]["concat"]
        if owner == user:
            ago = REMEMBERED - timedelta(seconds=inside.get("expires", 0))
            yield RefusedConnection(str(address), str(protocol), int(port), now - ago)


__all__ = [
    "HOME",
    "INTERNET",
    "Filter",
    "RefusedConnection",
    "agreed",
    "guard",
    "look",
    "read_resolvers",
    "unreachable_resolvers",
]
