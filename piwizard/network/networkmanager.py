"""NetworkManager: the IPv4 settings of one connection, by its UUID, and the files that keep them.

On Raspberry Pi OS it writes its connections as files of netplan; both kinds are looked after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from piwizard.network import netplan
from piwizard.network.address_settings import Settings
from piwizard.system import commands, files

SERVICE = "NetworkManager.service"
KEYFILES = Path("/etc/NetworkManager/system-connections")
MADE_KEYFILES = netplan.MADE
"""Connections that nobody saved, and those that netplan made: gone and made again with each start."""
NEVER_BY_ITSELF = Path("/var/lib/NetworkManager/no-auto-default.state")
"""Cards that NetworkManager makes no connection for by itself: with one too many there is none after a restart."""
PROPERTIES = ("ipv4.method", "ipv4.addresses", "ipv4.gateway", "ipv4.dns")
ROUTES = "ipv4.routes"
SECONDS_TO_COME_UP = 45


def read(connection: str) -> dict[str, str] | None:
    """The IPv4 settings that are kept for a connection, None where there is none of that UUID."""
    wanted = ("--get-values", ",".join((*PROPERTIES, ROUTES)), "connection", "show", "uuid", connection)
    result = commands.run(("nmcli", "--terse", "--escape", "no", *wanted))
    return parse(result.output) if result.ok else None


def parse(text: str) -> dict[str, str]:
    """What nmcli prints, one value a line, with lists written in one way.

    netplan writes the router as a route.
    """
    *lines, routes = [line.strip() for line in (text.split("\n") + [""] * 5)[:5]]
    values = dict(zip(PROPERTIES, (",".join(re.split(r"[,;\s]+", line)) for line in lines), strict=True))
    default = re.search(r"(?:^|[,;]\s*)0\.0\.0\.0/0\s+([0-9.]+)", routes)
    if default and not values["ipv4.gateway"]:
        values["ipv4.gateway"] = default[1]
    return values


def wanted(settings: Settings) -> dict[str, str]:
    """The same shape, for what shall be."""
    return dict(zip(PROPERTIES, ("manual", settings.address, settings.gateway, ",".join(settings.dns)), strict=True))


def file_of(connection: str) -> Path:
    """Where a connection is kept; one of netplan's lies in /run and is made anew with each start."""
    listed = commands.run(("nmcli", "--terse", "--escape", "no", "--fields", "UUID,FILENAME", "connection", "show"))
    found = dict(line.partition(":")[::2] for line in listed.output.splitlines())
    return Path(found.get(connection) or "/nowhere")


def modify(connection: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The command that keeps these settings; they count once the connection is brought up."""
    pairs = [word for name, value in values.items() for word in (name, value)]
    return ("nmcli", "connection", "modify", "uuid", connection, *pairs)


def up(connection: str, interface: str) -> tuple[str, ...]:
    """The command that takes the settings up, and waits until the address is there."""
    return ("nmcli", "--wait", str(SECONDS_TO_COME_UP), "connection", "up", "uuid", connection, "ifname", interface)


def kept_in(connection: str, file: Path) -> list[Path]:
    """The files that have to be put back for a connection to be as it was; `file` is the one that it is kept in now.

    That one may be without a UUID: NetworkManager takes it all the same, and writes one into it with the first change.
    """
    own = [path for path in _files(KEYFILES) if path == file or connection.encode() in (files.read(path) or b"")]
    return [*own, *_files(MADE_KEYFILES), *netplan.kept_in(), NEVER_BY_ITSELF]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())
