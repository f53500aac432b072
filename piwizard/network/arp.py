"""Find the owner of an IPv4 address by ARP probes (RFC 5227).

A probe changes no machine's ARP table.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from pathlib import Path

ETHERTYPE_ARP = 0x0806
REQUEST = 1
FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")
BROADCAST, NO_MAC = b"\xff" * 6, b"\x00" * 6


def who_has(address: str, interface: str, seconds: float = 2.0) -> str | None:
    """Return the MAC that answers for an IPv4 address; None if none does in time.

    It asks three times, because the first probe sometimes gets lost on a wireless network. Raise OSError if sending
    fails.
    """
    own, wanted = _own_card(interface), ipaddress.IPv4Address(address).packed
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as wire:
        wire.bind((interface, ETHERTYPE_ARP))
        until, asked = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            if left <= seconds * (3 - asked) / 3:
                wire.send(probe_frame(own, wanted))
                asked += 1
            wire.settimeout(max(0.01, min(left, seconds / 6)))
            try:
                found = parse_reply(wire.recv(100), wanted, own)
            except TimeoutError:
                continue
            if found:
                return found
    return None


def probe_frame(own: bytes, wanted: bytes) -> bytes:
    """Return the frame that asks all machines for an address without claiming one."""
    return FRAME.pack(BROADCAST, own, ETHERTYPE_ARP, 1, 0x0800, 6, 4, REQUEST, own, b"\x00" * 4, NO_MAC, wanted)


def parse_reply(frame: bytes, wanted: bytes, own: bytes) -> str | None:
    """Return the MAC that a frame reports for the address; None if it reports none."""
    if len(frame) < FRAME.size:
        return None
    _, _, _, _, _, _, _, _, card, address, _, _ = FRAME.unpack_from(frame)
    if address != wanted or card in (own, NO_MAC):
        return None
    return ":".join(f"{byte:02x}" for byte in card)


def _own_card(interface: str) -> bytes:
    return bytes.fromhex(Path(f"/sys/class/net/{interface}/address").read_text().strip().replace(":", ""))
