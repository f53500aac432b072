"""The SSH connections of this moment, and whether they would go with an address."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterable
from pathlib import Path

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
ESTABLISHED = "01"


def over(addresses: Iterable[str], tables: Iterable[str] = TABLES) -> bool:
    """Whether somebody is logged in by SSH at one of these addresses."""
    wanted = set(addresses)
    return any(found in wanted for table in tables for found in logins(_read(table)))


def logins(table: str) -> list[str]:
    """This machine's addresses that SSH connections of a table of the kernel have come to."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != ESTABLISHED:
            continue
        address, _, port = fields[1].partition(":")
        if int(port, 16) == _port():
            found.append(_address(address))
    return found


def login_at(host: str) -> str:
    """The command that logs the same person in again, at another address."""
    user = os.environ.get("SUDO_USER")
    return f"ssh {user}@{host}" if user and user != "root" else f"ssh {host}"


def _port() -> int:
    told = os.environ.get("SSH_CONNECTION", "").split()
    return int(told[3]) if len(told) == 4 and told[3].isdigit() else 22


def _address(text: str) -> str:
    """The kernel writes an address as numbers of four bytes, as the processor sees them."""
    packed = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    found = ipaddress.ip_address(packed)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
