"""Check by ARP before and after a static address is set."""

from __future__ import annotations

import time

from piwizard.errors import PiwizardError
from piwizard.network import arp
from piwizard.network.address_settings import ADDRESS, GATEWAY, AddressSettings


def require_free_address(settings: AddressSettings) -> None:
    """Raise PiwizardError unless the address is free and the router answers."""
    try:
        other = arp.who_has(settings.host, settings.interface, 1.0)
        router = arp.who_has(settings.gateway, settings.interface)
    except OSError as error:
        raise PiwizardError(
            f"The address cannot be checked on {settings.interface}: {error.strerror}.",
            hint="Check that the interface is connected, then try again.",
        ) from error
    if other:
        raise PiwizardError(
            f"{ADDRESS}: {settings.host} is already in use by the machine with MAC {other}.",
            key=ADDRESS,
            hint="Choose another.",
        )
    if router is None:
        raise PiwizardError(
            f"{GATEWAY}: no device answers at {settings.gateway} on {settings.interface}.",
            key=GATEWAY,
            hint="Enter the router's address in your network.",
        )


def wait_for_answer(address: str, interface: str, seconds: float) -> bool:
    """Return whether an address answers in time: a new link needs a moment."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if arp.who_has(address, interface, 1.0):
                return True
        except OSError:
            time.sleep(0.2)
    return False
