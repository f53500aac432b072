"""The router as UPnP shows it, asked by Debian's upnpc."""

from __future__ import annotations

from piwizard.network import port_forwarding
from piwizard.network.port_forwarding import UpnpRouter
from piwizard.system import commands


def installed() -> bool:
    """Whether Debian's miniupnpc is here to ask with."""
    return commands.which("upnpc") is not None


def look(url: str) -> UpnpRouter | None:
    """What the router says of itself; None where it does not answer."""
    return port_forwarding.read(
        url, commands.run(commands.as_nobody(port_forwarding.list_argv(url)), timeout=15).output
    )
