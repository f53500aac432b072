"""netplan: one more file, which says of a connection what the files before it say otherwise.

nmcli would be no help where netplan makes NetworkManager's connections: what it alters is made anew by the next start,
from files that still ask for DHCP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.network.address_settings import INTERFACE, Settings
from piwizard.system import files
from piwizard.templates.render import render

FOLDER = Path("/etc/netplan")
OURS = FOLDER / "95-piwizard-static-ip.yaml"
MADE = Path("/run/NetworkManager/system-connections")
GENERATORS = (Path("/usr/libexec/netplan/generate"), Path("/usr/lib/netplan/generate"))
OF_NETWORKMANAGER = "NM-"
"""Definitions that NetworkManager itself wrote: those it keeps, and nmcli alters them for good."""


@dataclass(frozen=True)
class Definition:
    """What netplan calls a connection: `section` "ethernets" or "wifis", `name` mostly that of the interface."""

    section: str
    name: str


def definition(made: Path, interface: str) -> Definition | None:
    """The definition that a connection was made from; None where netplan did not make it, or NetworkManager keeps it.

    PiwizardError where it is one of netplan's that cannot be told.
    """
    if made.parent != MADE or not made.name.startswith("netplan-"):
        return None
    name = made.name.removeprefix("netplan-").removesuffix(".nmconnection")
    if name.startswith(OF_NETWORKMANAGER):
        return None
    section = "wifis" if re.search(r"^type=(wifi|802-11-wireless)$", _text(made), re.MULTILINE) else "ethernets"
    # The name of a wireless network follows that of the definition.
    known = [word for word in _names() if name == word or (section == "wifis" and name.startswith(f"{word}-"))]
    if not known:
        raise PiwizardError(
            f"{INTERFACE}: {interface} is set by netplan, in a way that piwizard does not know.",
            key=INTERFACE,
            hint=f"Set the address in the files of {FOLDER} by hand, or reserve it in the router.",
        )
    return Definition(section, max(known, key=len))


def overlay(found: Definition, settings: Settings) -> str:
    """The text of piwizard's own file."""
    return render("network/netplan.yaml.j2", definition=found, settings=settings)


def generator() -> Path:
    """The program that makes NetworkManager's files from netplan's."""
    for path in GENERATORS:
        if path.exists():
            return path
    raise PiwizardError("netplan's own program is missing.", hint="`sudo apt-get install netplan.io` brings it.")


def kept_in() -> list[Path]:
    """All files of netplan, and piwizard's own, whether it is there or not."""
    return sorted({*FOLDER.glob("*.yaml"), OURS})


def _names() -> list[str]:
    """Everything that opens a block in netplan's files: the names of definitions are among it."""
    found: list[str] = []
    for path in FOLDER.glob("*.yaml"):
        found += re.findall(r"^\s+[\"']?([A-Za-z0-9._-]+)[\"']?:\s*(?:#.*)?$", _text(path), re.MULTILINE)
    return found


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")
