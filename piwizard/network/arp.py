"""Who has an address on the wire: asked as ARP probes ask (RFC 5227), which disturbs nobody's tables."""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from pathlib import Path

ETHERTYPE_ARP = 0x0806
REQUEST = 1
FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")
BROADCAST, NOBODY = b"\xff" * 6, b"\x00" * 6


def who_has(address: str, interface: str, seconds: float = 2.0) -> str | None:
    """The card that answers for an IPv4 address, None where nobody does in that time. OSError if it cannot be asked.

    Asked three times, since the first question is sometimes lost on a wireless network.
    """
    own, wanted = _own_card(interface), ipaddress.IPv4Address(address).packed
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as wire:
        wire.bind((interface, ETHERTYPE_ARP))
        until, asked = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            if left <= seconds * (3 - asked) / 3:
                wire.send(question(own, wanted))
                asked += 1
            wire.settimeout(max(0.01, min(left, seconds / 6)))
            try:
                found = answer(wire.recv(100), wanted, own)
            except TimeoutError:
                continue
            if found:
                return found
    return None


def question(own: bytes, wanted: bytes) -> bytes:
    """The frame that asks everybody for an address, without claiming one."""
    return FRAME.pack(BROADCAST, own, ETHERTYPE_ARP, 1, 0x0800, 6, 4, REQUEST, own, b"\x00" * 4, NOBODY, wanted)


def answer(frame: bytes, wanted: bytes, own: bytes) -> str | None:
    """The card that a frame names as having the address, None where it says something else."""
    if len(frame) < FRAME.size:
        return None
    _, _, _, _, _, _, _, _, card, address, _, _ = FRAME.unpack_from(frame)
    if address != wanted or card in (own, NOBODY):
        return None
    return ":".join(f"{byte:02x}" for byte in card)


def _own_card(interface: str) -> bytes:
    return bytes.fromhex(Path(f"/sys/class/net/{interface}/address").read_text().strip().replace(":", ""))
