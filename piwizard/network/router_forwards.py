"""Read the router's port forwarding by UPnP, or explain how to set it up by hand."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.network import port_forwarding
from piwizard.network.port_forwarding import UpnpRouter
from piwizard.system import commands
from piwizard.system.facts import Facts


def upnpc_installed() -> bool:
    """Return whether Debian's miniupnpc, which asks the router, is installed."""
    return commands.which("upnpc") is not None


def read_router(url: str) -> UpnpRouter | None:
    """Return what the router reports; None if it does not answer."""
    return port_forwarding.parse_listing(
        url, commands.run(commands.as_nobody(port_forwarding.list_argv(url)), timeout=15).output
    )


def format_instructions(machine: Facts, address: str, ports: Sequence[int]) -> str:
    """Return instructions for a person: what to enter in the router, and where."""
    gateway, main = machine.network.gateway, machine.network.main
    router = gateway.address if gateway else "ROUTER"
    lines = [
        "Port forwarding to set up by hand. piwizard changes nothing in your router.",
        "",
        f"Open http://{router}/ in a browser at home and find “port forwarding”,",
        "“port sharing”, “virtual server” or “NAT”. Enter:",
        "",
        "name        protocol  public port   to address       to port",
        *(f"piwizard    TCP       {port:<12}  {address:<15}  {port}" for port in ports),
    ]
    if main and main.mac:
        lines += [
            "",
            "To keep this address, enter under “DHCP” or “address reservation”:",
            "",
            "MAC (hardware address)  address",
            f"{main.mac:<22}  {address}",
        ]
    return "".join(f"{line}\n" for line in lines)


def format_manual_entries(machine: Facts, address: str, ports: Sequence[int]) -> str:
    """Return what to enter in the router as two sentences, for errors."""
    gateway, main = machine.network.gateway, machine.network.main
    entries = " and ".join(f"TCP port {port} to {address} port {port}" for port in ports)
    router = f"http://{gateway.address}/" if gateway else "the router's settings"
    shown = f"Open {router} at home and enter under “port forwarding”: {entries}."
    return f"{shown} Reserve {address} for MAC {main.mac} under “DHCP”." if main and main.mac else shown


def format_summary(machine: Facts, address: str, ports: Sequence[int]) -> str:
    """Return the same in one line."""
    main = machine.network.main
    card = f"; address reserved for MAC {main.mac}" if main and main.mac else ""
    return f"the router has to forward TCP ports {' and '.join(map(str, ports))} to {address}{card}"
