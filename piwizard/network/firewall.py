"""Read the state of this machine's firewall, whichever program manages it."""

from __future__ import annotations

import re
from typing import Literal

from piwizard.network import nft, ufw
from piwizard.system import commands, systemd
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Advice, Fix, RunCommand

FirewallProgram = Literal["ufw", "firewalld", "nftables"]


@dataclass(frozen=True)
class Firewall:
    """An active firewall.

    `closed`: ports that visitors cannot reach; `unsure`: ports for which the rules cannot be evaluated.
    """

    keeper: FirewallProgram
    closed: tuple[int, ...]
    unsure: tuple[int, ...] = ()


def read_firewall(ports: tuple[int, ...], interface: str) -> Firewall | None:
    """Return the state of these TCP ports; None without an active firewall."""
    own = ufw.read_ufw(ports)
    if own is not None and own.active:
        return Firewall("ufw", tuple(sorted((*own.closed, *own.refused))))
    if commands.which("firewall-cmd") and systemd.read_states(["firewalld.service"])["firewalld.service"].running:
        return Firewall("firewalld", _firewalld(ports, interface))
    verdicts = {port: nft.read_port_verdict(port, interface) for port in ports}
    closed = tuple(port for port, verdict in verdicts.items() if verdict == "closed")
    unsure = tuple(port for port, verdict in verdicts.items() if verdict == "unknown")
    return Firewall("nftables", closed, unsure) if closed or unsure else None


def _firewalld(ports: tuple[int, ...], interface: str) -> tuple[int, ...]:
    zone = commands.run(("firewall-cmd", f"--get-zone-of-interface={interface}"), timeout=10)
    chosen = (f"--zone={zone.output.strip()}",) if zone.ok else ()
    return closed_in_zone(commands.run(("firewall-cmd", *chosen, "--list-all"), timeout=10).output, ports)


def closed_in_zone(listed: str, ports: tuple[int, ...]) -> tuple[int, ...]:
    """Return the ports that a firewalld zone blocks, from `--list-all`."""
    fields = dict(re.findall(r"^\s+([a-z-]+): (.*)$", listed, re.M))
    if fields.get("target") == "ACCEPT":
        return ()
    services, opened = fields.get("services", "").split(), fields.get("ports", "").split()
    known = {80: "http", 443: "https"}
    ranges = [one.removesuffix("/tcp").partition("-")[::2] for one in opened if one.endswith("/tcp")]
    numbers = [range(int(low), int(high or low) + 1) for low, high in ranges]
    return tuple(port for port in ports if known.get(port) not in services and not any(port in one for one in numbers))


FIXES: dict[FirewallProgram, Fix] = {
    "ufw": (
        RunCommand("piwizard apply router", "to open them"),
        RunCommand("sudo ufw allow 80,443/tcp", "to do so yourself"),
    ),
    "firewalld": (
        RunCommand("sudo firewall-cmd --permanent --add-service=http --add-service=https"),
        RunCommand("sudo firewall-cmd --reload"),
    ),
    "nftables": (
        Advice("Add `tcp dport { 80, 443 } accept` to the chain with `hook input` in /etc/nftables.conf."),
        RunCommand("sudo systemctl reload nftables"),
    ),
}
