"""What a person types into a router that no program may change."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.system.facts import Facts


def words(machine: Facts, address: str, ports: Sequence[int]) -> str:
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


def in_short(machine: Facts, address: str, ports: Sequence[int]) -> str:
    """The same in one line."""
    main = machine.network.main
    card = f"; address reserved for MAC {main.mac}" if main and main.mac else ""
    return f"TCP ports {' and '.join(map(str, ports))} have to lead to the same ports of {address}{card}"
