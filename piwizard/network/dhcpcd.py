"""Set a static IP in dhcpcd: a marked block at the end of its configuration file."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.network.address_settings import INTERFACE, AddressSettings

SERVICE = "dhcpcd.service"
CONFIG = Path("/etc/dhcpcd.conf")
BEGIN, END = "# piwizard: a fixed address", "# piwizard: end"
BLOCK = re.compile(rf"\n*^{BEGIN}$.*?^{END}$\n?", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^\s*(interface|ssid|profile|arping)\s+(\S+)")


def config_block(settings: AddressSettings) -> str:
    """Return the lines that set an interface's address.

    They must be the last ones: lines after them would belong to the same section.
    """
    lines = (
        BEGIN,
        f"interface {settings.interface}",
        f"static ip_address={settings.address}",
        f"static routers={settings.gateway}",
        f"static domain_name_servers={' '.join(settings.dns)}",
        END,
    )
    return "".join(f"{line}\n" for line in lines)


def add_block(text: str, settings: AddressSettings) -> str:
    """Return the file with these settings.

    Raise PiwizardError if the file sets an address outside piwizard's block.
    """
    rest = remove_block(text)
    line = find_manual_address(rest, settings.interface)
    if line:
        raise PiwizardError(
            f"{INTERFACE}: {settings.interface} already has an address in {CONFIG}, line {line}, set by hand.",
            key=INTERFACE,
            hint="Skip this step to keep it, or remove those lines first.",
        )
    return f"{rest.rstrip()}\n\n{config_block(settings)}".lstrip("\n")


def remove_block(text: str) -> str:
    """Return the file without piwizard's block."""
    return BLOCK.sub("\n", text)


def find_manual_address(text: str, interface: str) -> int | None:
    """Return the number of the line that sets an address; None if none does."""
    of: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        section = SECTION.match(line)
        if section:
            of = section[2] if section[1] == "interface" else ""
        if of in (None, interface) and re.match(r"\s*(static\s+ip_address=|inform\b)", line):
            return number
    return None


def restart_command(interface: str) -> tuple[str, ...]:
    """Return the command that applies the file.

    It runs in its own unit, which survives the caller. Debian's file contains `persistent`, so a restart alone would
    keep the old address and routes beside the new ones.
    """
    steps = (f"systemctl stop {SERVICE}", f"ip -4 address flush dev {interface} scope global")
    before = tuple(f"--property=ExecStartPre={step}" for step in steps)
    describe = f"--description=dhcpcd applies the address of {interface}"
    unit = ("systemd-run", "--quiet", "--collect", "--wait", "--property=Type=oneshot", describe)
    return (*unit, *before, "systemctl", "start", SERVICE)
