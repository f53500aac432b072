"""The router as UPnP shows it, asked by Debian's upnpc."""

from __future__ import annotations

from piwizard.machine import commands, forwards
from piwizard.machine.forwards import Router


def installed() -> bool:
    """Whether Debian's miniupnpc is here to ask with."""
    return commands.which("upnpc") is not None


def look(url: str) -> Router | None:
    """What the router says of itself; None where it does not answer."""
    return forwards.read(url, commands.run(commands.as_nobody(forwards.list_argv(url)), timeout=15).output)
