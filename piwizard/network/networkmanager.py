"""NetworkManager: the IPv4 settings of one connection, by its UUID, and the files that keep them.

Where netplan keeps the settings, NetworkManager writes them there by itself; both kinds of file are looked after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from piwizard.machine import commands, files
from piwizard.network.settings import Settings

SERVICE = "NetworkManager.service"
KEYFILES = Path("/etc/NetworkManager/system-connections")
MADE_KEYFILES = Path("/run/NetworkManager/system-connections")
"""Connections that nobody saved, and those that netplan made: gone and made again with each start."""
NETPLAN = Path("/etc/netplan")
NEVER_BY_ITSELF = Path("/var/lib/NetworkManager/no-auto-default.state")
"""Cards that NetworkManager makes no connection for by itself: with one too many there is none after a restart."""
PROPERTIES = ("ipv4.method", "ipv4.addresses", "ipv4.gateway", "ipv4.dns")
SECONDS_TO_COME_UP = 45


def read(connection: str) -> dict[str, str] | None:
    """The IPv4 settings that are kept for a connection, None where there is none of that UUID."""
    wanted = ("--get-values", ",".join(PROPERTIES), "connection", "show", "uuid", connection)
    result = commands.run(("nmcli", "--terse", "--escape", "no", *wanted))
    return parse(result.output) if result.ok else None


def parse(text: str) -> dict[str, str]:
    """What nmcli prints, one value a line, with lists written in one way."""
    values = [",".join(re.split(r"[,;\s]+", line.strip())) for line in text.split("\n")]
    return dict(zip(PROPERTIES, values, strict=False))


def wanted(settings: Settings) -> dict[str, str]:
    """The same shape, for what shall be."""
    return dict(zip(PROPERTIES, ("manual", settings.address, settings.gateway, ",".join(settings.dns)), strict=True))


def modify(connection: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The command that keeps these settings; they count once the connection is brought up."""
    pairs = [word for name, value in values.items() for word in (name, value)]
    return ("nmcli", "connection", "modify", "uuid", connection, *pairs)


def up(connection: str, interface: str) -> tuple[str, ...]:
    """The command that takes the settings up, and waits until the address is there."""
    return ("nmcli", "--wait", str(SECONDS_TO_COME_UP), "connection", "up", "uuid", connection, "ifname", interface)


def kept_in(connection: str) -> list[Path]:
    """The files that have to be put back for a connection to be as it was."""
    own = [path for path in _files(KEYFILES) if connection.encode() in (files.read(path) or b"")]
    return [*own, *_files(MADE_KEYFILES), *_files(NETPLAN, "*.yaml"), NEVER_BY_ITSELF]


def _files(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file())
