"""Keep ports forwarded by a timer, and the program that it starts."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.file import File
from piwizard.network import port_forwarding
from piwizard.network.port_forwarding import WantedForwards
from piwizard.templates.render import render

PROGRAM = Path("/usr/local/lib/piwizard/forwards.py")
UNITS = Path("/etc/systemd/system")
TIMER, SERVICE = "piwizard-forwards.timer", "piwizard-forwards.service"


def program() -> File:
    """Return the program, which works without piwizard: that may be removed."""
    return File(PROGRAM, Path(port_forwarding.__file__).read_text(encoding="utf-8"))


def units(gateway: str, wanted: WantedForwards) -> tuple[File, File]:
    """Return the timer, and the service that it starts."""
    service = render(
        "systemd/forwards.service.j2",
        program=PROGRAM,
        gateway=gateway,
        description=wanted.description,
        address=wanted.address,
        ports=wanted.ports,
    )
    return File(UNITS / SERVICE, service), File(UNITS / TIMER, render("systemd/forwards.timer.j2"))
