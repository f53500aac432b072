"""Verify the addresses of alerts: each accepts a test message."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import ClassVar

from piwizard.alerts import heartbeat, message_text, sending
from piwizard.alerts.event import alerts_dir
from piwizard.alerts.sending import Send
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

VERSION = 1


@dataclass(frozen=True)
class VerifyAddresses:
    """Addresses that have accepted a test message, and a heartbeat that responds.

    A file has the ids of the verified ones. Addresses are secrets: neither the file nor any event contains them.
    """

    kind: ClassVar[str] = "alert-test"
    addresses: tuple[str, ...]
    heartbeat: str = ""
    send: Send = sending.send

    def describe(self) -> str:
        count = len(self.addresses)
        return f"Send a test message to {'1 address' if count == 1 else f'{count} addresses'}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self._wanted() <= self._verified():
            return IN_SYNC
        return Preview(in_sync=False, diff="# sends a test message, and keeps the addresses only if it is accepted")

    def apply(self, work: ApplyContext) -> None:
        verified = self._verified()
        notification = message_text.test_notification(socket.gethostname())
        for number, address in enumerate(self.addresses, start=1):
            if sending.address_id(address) in verified:
                continue
            name = sending.address_name(address, number)
            work.say(f"Sending a test message to {name}.")
            result = self.send(address, notification)
            if result != "sent":
                raise ChangeFailed(
                    f"The test message was not sent to {name}: {sending.REASONS[result]}.",
                    key="alerts.urls",
                    hint="Correct the address, or check the network; docs/alerts.md has examples of addresses.",
                )
        if self.heartbeat and sending.address_id(self.heartbeat) not in verified and not heartbeat.ping(self.heartbeat):
            raise ChangeFailed(
                "The heartbeat URL did not accept a ping.",
                key="alerts.heartbeat",
                hint="Copy the URL from your monitoring service again.",
            )
        files.make_folders(alerts_dir(), 0o700)
        files.replace(
            _file(), json.dumps({"version": VERSION, "verified": sorted(self._wanted())}).encode(), mode=0o600
        )
        work.say("All addresses accepted the test message.")

    def _wanted(self) -> frozenset[str]:
        used = (*self.addresses, *((self.heartbeat,) if self.heartbeat else ()))
        return frozenset(map(sending.address_id, used))

    def _verified(self) -> frozenset[str]:
        try:
            whole = json.loads(files.read(_file()) or b"{}")
            files.refuse_newer_format(_file(), whole, VERSION)
            return frozenset(map(str, whole.get("verified", ())))
        except (ValueError, TypeError, AttributeError):
            return frozenset()


def _file() -> Path:
    return alerts_dir() / "verified.json"
