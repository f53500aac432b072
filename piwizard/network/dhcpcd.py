"""dhcpcd: a marked block at the end of its configuration file."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.network.address_settings import INTERFACE, Settings

SERVICE = "dhcpcd.service"
CONFIG = Path("/etc/dhcpcd.conf")
BEGIN, END = "# piwizard: a fixed address", "# piwizard: end"
BLOCK = re.compile(rf"\n*^{BEGIN}$.*?^{END}$\n?", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^\s*(interface|ssid|profile|arping)\s+(\S+)")


def block(settings: Settings) -> str:
    """The lines that give an interface its address. They end the file: what follows would belong to them."""
    lines = (
        BEGIN,
        f"interface {settings.interface}",
        f"static ip_address={settings.address}",
        f"static routers={settings.gateway}",
        f"static domain_name_servers={' '.join(settings.dns)}",
        END,
    )
    return "".join(f"{line}\n" for line in lines)


def with_block(text: str, settings: Settings) -> str:
    """The file with these settings. PiwizardError where somebody has set an address there already."""
    rest = without_block(text)
    line = set_by_hand(rest, settings.interface)
    if line:
        raise PiwizardError(
            f"{INTERFACE}: {settings.interface} has an address in {CONFIG} already, in line {line}, set by hand.",
            key=INTERFACE,
            hint="Either leave it so and skip this step, or take those lines out first.",
        )
    return f"{rest.rstrip()}\n\n{block(settings)}".lstrip("\n")


def without_block(text: str) -> str:
    """The file without what piwizard wrote into it."""
    return BLOCK.sub("\n", text)


def set_by_hand(text: str, interface: str) -> int | None:
    """The number of the line that gives an interface an address, None where none does."""
    of: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        section = SECTION.match(line)
        if section:
            of = section[2] if section[1] == "interface" else ""
        if of in (None, interface) and re.match(r"\s*(static\s+ip_address=|inform\b)", line):
            return number
    return None


def restart(interface: str) -> tuple[str, ...]:
    """The command that takes the file up, as a unit of its own: whoever asked for it may die, and it still ends.

    Debian's file says `persistent`: a restart alone would leave the former address and its routes beside the new ones.
    """
    steps = (f"systemctl stop {SERVICE}", f"ip -4 address flush dev {interface} scope global")
    before = tuple(f"--property=ExecStartPre={step}" for step in steps)
    describe = f"--description=dhcpcd takes up the address of {interface}"
    unit = ("systemd-run", "--quiet", "--collect", "--wait", "--property=Type=oneshot", describe)
    return (*unit, *before, "systemctl", "start", SERVICE)
