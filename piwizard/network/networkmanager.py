"""Set a static IP in NetworkManager: the IPv4 settings of one connection.

On Raspberry Pi OS, NetworkManager stores connections as netplan files. Both kinds are supported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from piwizard.network import netplan
from piwizard.network.address_settings import AddressSettings
from piwizard.system import commands, files

SERVICE = "NetworkManager.service"
KEYFILES = Path("/etc/NetworkManager/system-connections")
GENERATED_KEYFILES = netplan.GENERATED_FOLDER
"""Unsaved connections and those that netplan generated, which every start creates again."""
NO_AUTO_DEFAULT_FILE = Path("/var/lib/NetworkManager/no-auto-default.state")
"""Interfaces that get no automatic connection. A wrong entry leaves an interface without a connection."""
PROPERTIES = ("ipv4.method", "ipv4.addresses", "ipv4.gateway", "ipv4.dns")
ROUTES = "ipv4.routes"
UP_TIMEOUT_SECONDS = 45


def read_connection(connection: str) -> dict[str, str] | None:
    """Return the saved IPv4 settings of a connection, by its UUID.

    None if no connection has that UUID.
    """
    wanted = ("--get-values", ",".join((*PROPERTIES, ROUTES)), "connection", "show", "uuid", connection)
    result = commands.run(("nmcli", "--terse", "--escape", "no", *wanted))
    return parse_connection(result.output) if result.ok else None


def parse_connection(text: str) -> dict[str, str]:
    """Parse nmcli's output, one value per line, with uniform lists.

    netplan stores the router as a route.
    """
    *lines, routes = [line.strip() for line in (text.split("\n") + [""] * 5)[:5]]
    values = dict(zip(PROPERTIES, (",".join(re.split(r"[,;\s]+", line)) for line in lines), strict=True))
    default = re.search(r"(?:^|[,;]\s*)0\.0\.0\.0/0\s+([0-9.]+)", routes)
    if default and not values["ipv4.gateway"]:
        values["ipv4.gateway"] = default[1]
    return values


def wanted_values(settings: AddressSettings) -> dict[str, str]:
    """Return the wanted settings in the same form."""
    return dict(zip(PROPERTIES, ("manual", settings.address, settings.gateway, ",".join(settings.dns)), strict=True))


def find_file(connection: str) -> Path:
    """Return the file of a connection.

    Those that netplan generates at each start are in /run.
    """
    listed = commands.run(("nmcli", "--terse", "--escape", "no", "--fields", "UUID,FILENAME", "connection", "show"))
    found = dict(line.partition(":")[::2] for line in listed.output.splitlines())
    return Path(found.get(connection) or "/nowhere")


def modify_command(connection: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that saves these settings.

    They take effect when the connection is brought up.
    """
    pairs = [word for name, value in values.items() for word in (name, value)]
    return ("nmcli", "connection", "modify", "uuid", connection, *pairs)


def up_command(connection: str, interface: str) -> tuple[str, ...]:
    """Return the command that applies the settings and waits for the address."""
    return ("nmcli", "--wait", str(UP_TIMEOUT_SECONDS), "connection", "up", "uuid", connection, "ifname", interface)


def settings_files(connection: str, file: Path) -> list[Path]:
    """Return the files to restore to get the old connection back.

    `file` contains it now. That file may lack a UUID: NetworkManager accepts it, and adds one with the first change.
    """
    own = [path for path in _files(KEYFILES) if path == file or connection.encode() in (files.read(path) or b"")]
    return [*own, *_files(GENERATED_KEYFILES), *netplan.settings_files(), NO_AUTO_DEFAULT_FILE]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())
