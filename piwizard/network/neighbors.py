"""What the other machines on the wire say to an address, before and after it is set."""

from __future__ import annotations

import time

from piwizard.errors import PiwizardError
from piwizard.network import arp
from piwizard.network.address_settings import ADDRESS, GATEWAY, Settings


def refuse(settings: Settings) -> None:
    """PiwizardError where another machine has the address, or nobody answers as the router."""
    try:
        other = arp.who_has(settings.host, settings.interface, 1.0)
        router = arp.who_has(settings.gateway, settings.interface)
    except OSError as error:
        raise PiwizardError(f"{settings.interface} cannot be asked who is there: {error.strerror}.") from error
    if other:
        raise PiwizardError(
            f"{ADDRESS}: {settings.host} is in use already, by the machine with the card {other}.",
            key=ADDRESS,
            hint="Choose another.",
        )
    if router is None:
        raise PiwizardError(
            f"{GATEWAY}: nobody answers at {settings.gateway} on {settings.interface}.",
            key=GATEWAY,
            hint="It has to be the router's address in your network.",
        )


def answers(address: str, interface: str, seconds: float) -> bool:
    """Whether somebody has an address, asked for so long: a link needs a moment after it was set anew."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if arp.who_has(address, interface, 1.0):
                return True
        except OSError:
            time.sleep(0.2)
    return False
