"""Find the current SSH sessions that depend on an address."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from piwizard.system import caller_env

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
ESTABLISHED = "01"


def has_session_on(addresses: Iterable[str], tables: Iterable[str] = TABLES) -> bool:
    """Return whether there is an SSH session at one of these addresses."""
    wanted = set(addresses)
    return any(found in wanted for table in tables for found in session_addresses(_read(table)))


def session_addresses(table: str) -> list[str]:
    """Return this machine's addresses with SSH connections, from a kernel table."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != ESTABLISHED:
            continue
        address, _, port = fields[1].partition(":")
        if int(port, 16) == _port():
            found.append(_address(address))
    return found


def login_command(host: str) -> str:
    """Return the command that logs the same user in at another address."""
    user = os.environ.get("SUDO_USER")
    return f"ssh {user}@{host}" if user and user != "root" else f"ssh {host}"


def own_address() -> str:
    """Return this machine's address in the own SSH session; "" without one."""
    return _connection()[2]


def _port() -> int:
    port = _connection()[3]
    return int(port) if port.isdigit() else 22


def _connection() -> tuple[str, ...]:
    """Return address and port of the client, then of this machine; sudo drops the variable."""
    fields = (caller_env.read_variable("SSH_CONNECTION") or "").split()
    return tuple(fields) if len(fields) == 4 else ("", "", "", "")


def _address(text: str) -> str:
    """Decode an address of the kernel: 32-bit numbers in the byte order of the CPU."""
    packed = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    found = ipaddress.ip_address(packed)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
