"""Send a message to one address, in a unit without rights and with limits.

The address is a secret: it reaches the unit by stdin. What the other server sends is parsed in there only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.unprivileged_program import run_unprivileged

SENDER = Path(__file__).with_name("send_program.py")
PROGRAM = Path("/usr/local/lib/piwizard/send_alert.py")
MAX_SECONDS = 60
"""For one address: a server that hangs delays the next address by this at most."""
NotificationKind = Literal["failure", "success", "warning", "info"]
SendResult = Literal["sent", "address", "refused", "time-out", "missing"]
RESULTS: tuple[SendResult, ...] = ("sent", "address", "refused", "time-out", "missing")
REASONS: dict[SendResult, str] = {
    "address": "apprise does not understand the address",
    "refused": "the server did not accept the message, or could not be reached",
    "time-out": f"the server did not respond within {MAX_SECONDS} seconds",
    "missing": "the Debian package apprise is not installed",
}


@dataclass(frozen=True)
class Notification:
    """A message as it is sent."""

    title: str
    body: str
    kind: NotificationKind


Send = Callable[[str, Notification], SendResult]
"""Sends a message to an address."""


def split_addresses(secret: str) -> tuple[str, ...]:
    """Return the addresses of the answer, which are separated by spaces."""
    return tuple(dict.fromkeys(secret.split()))


def address_id(address: str) -> str:
    """Return what identifies an address in piwizard's files, which do not contain it."""
    return hashlib.sha256(f"piwizard alerts {address}".encode()).hexdigest()[:16]


def address_name(address: str, number: int) -> str:
    """Return the name of an address in messages: its kind, as it has secrets."""
    scheme, separator, _ = address.partition("://")
    named = separator and scheme.isalnum() and len(scheme) <= 20
    return f"address {number} ({scheme})" if named else f"address {number}"


def send(address: str, notification: Notification) -> SendResult:
    """Send a message. Takes a second or two, and at most MAX_SECONDS."""
    wanted = {
        "url": address,
        "title": notification.title,
        "body": notification.body,
        "kind": notification.kind,
    }
    result = run_unprivileged(
        "send", "Send an alert of piwizard", PROGRAM, input=json.dumps(wanted), seconds=MAX_SECONDS
    )
    try:
        found = json.loads(result.output)["result"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "time-out" if result.seconds >= MAX_SECONDS - 1 else "refused"
    return next((one for one in RESULTS if one == found), "refused")
