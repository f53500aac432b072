"""The router's port forwarding: read with UPnP, or as instructions for a person."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.network import port_forwarding
from piwizard.network.port_forwarding import UpnpRouter
from piwizard.system import commands
from piwizard.system.facts import Facts


def upnpc_installed() -> bool:
    """Whether Debian's miniupnpc is here to ask with."""
    return commands.which("upnpc") is not None


def read_router(url: str) -> UpnpRouter | None:
    """What the router says of itself; None where it does not answer."""
    return port_forwarding.parse_listing(
        url, commands.run(commands.as_nobody(port_forwarding.list_argv(url)), timeout=15).output
    )


def format_instructions(machine: Facts, address: str, ports: Sequence[int]) -> str:
    """The values, one to a line, with where they are typed in."""
    gateway, main = machine.network.gateway, machine.network.main
    router = gateway.address if gateway else "ROUTER"
    lines = [
        "What your router has to be told, by hand. piwizard alters nothing there.",
        "",
        f"Open http://{router}/ in a browser at home, and look for “port forwarding”,",
        "“port sharing”, “virtual server” or “NAT”.",
        "",
        "name        protocol  outside port  to address       to port",
        *(f"piwizard    TCP       {port:<12}  {address:<15}  {port}" for port in ports),
    ]
    if main and main.mac:
        lines += [
            "",
            "So that the address stays, under “DHCP” or “address reservation”:",
            "",
            "MAC (hardware address)  address",
            f"{main.mac:<22}  {address}",
        ]
    return "".join(f"{line}\n" for line in lines)


def format_summary(machine: Facts, address: str, ports: Sequence[int]) -> str:
    """The same in one line."""
    main = machine.network.main
    card = f"; address reserved for MAC {main.mac}" if main and main.mac else ""
    return f"TCP ports {' and '.join(map(str, ports))} have to lead to the same ports of {address}{card}"
