"""Set a static IP in netplan: an additional file overrides earlier ones.

nmcli cannot change connections that netplan generates for NetworkManager: they are generated again at the next start,
from files that still request DHCP.
"""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.network.address_settings import INTERFACE, AddressSettings
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

FOLDER = Path("/etc/netplan")
OWN_FILE = FOLDER / "95-piwizard-static-ip.yaml"
GENERATED_FOLDER = Path("/run/NetworkManager/system-connections")
GENERATORS = (Path("/usr/libexec/netplan/generate"), Path("/usr/lib/netplan/generate"))
NETWORKMANAGER_PREFIX = "NM-"
"""Definitions that NetworkManager itself wrote. nmcli changes them permanently."""


@dataclass(frozen=True)
class NetplanDefinition:
    """A connection in netplan.

    `section` is "ethernets" or "wifis", `name` usually the name of the interface.
    """

    section: str
    name: str


def find_definition(made: Path, interface: str) -> NetplanDefinition | None:
    """Return the definition from which netplan generated a connection.

    None if netplan did not generate it, or NetworkManager wrote the definition. Raise PiwizardError if it cannot be
    identified.
    """
    if made.parent != GENERATED_FOLDER or not made.name.startswith("netplan-"):
        return None
    name = made.name.removeprefix("netplan-").removesuffix(".nmconnection")
    if name.startswith(NETWORKMANAGER_PREFIX):
        return None
    section = "wifis" if re.search(r"^type=(wifi|802-11-wireless)$", _text(made), re.MULTILINE) else "ethernets"
    # The file name of a wireless network is the definition plus the network.
    known = [word for word in _names() if name == word or (section == "wifis" and name.startswith(f"{word}-"))]
    if not known:
        raise PiwizardError(
            f"{INTERFACE}: {interface} is configured by netplan in a way that piwizard does not know.",
            key=INTERFACE,
            hint=f"Set the address in the files of {FOLDER} by hand, or reserve it in the router.",
        )
    return NetplanDefinition(section, max(known, key=len))


def own_file_text(found: NetplanDefinition, settings: AddressSettings) -> str:
    """Return the text of piwizard's own file."""
    return render("network/netplan.yaml.j2", definition=found, settings=settings)


def find_generator() -> Path:
    """Return the program that generates NetworkManager's files from netplan's."""
    for path in GENERATORS:
        if path.exists():
            return path
    raise PiwizardError("netplan's generator is missing.", hint="Install it with `sudo apt-get install netplan.io`.")


def settings_files() -> list[Path]:
    """Return all files of netplan, and piwizard's own, even if it does not exist."""
    return sorted({*FOLDER.glob("*.yaml"), OWN_FILE})


def _names() -> list[str]:
    """Return every key that opens a block in netplan's files. The definitions are among them."""
    found: list[str] = []
    for path in FOLDER.glob("*.yaml"):
        found += re.findall(r"^\s+[\"']?([A-Za-z0-9._-]+)[\"']?:\s*(?:#.*)?$", _text(path), re.MULTILINE)
    return found


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")
