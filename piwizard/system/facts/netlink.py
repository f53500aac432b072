"""Read interfaces and addresses from the kernel over netlink.

`ip` does the same, but would have to be started.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

NEWLINK, GETLINK, NEWADDR, GETADDR = 16, 18, 20, 22
DONE, ERROR = 3, 2
DUMP_REQUEST = 0x1 | 0x300
IFF_UP, IFF_LOOPBACK, IFF_LOWER_UP = 0x1, 0x8, 0x10000
IFA_F_PERMANENT = 0x80
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host"}
HEADER = struct.Struct("=IHHII")
LINK = struct.Struct("=BxHiII")
ADDRESS = struct.Struct("=BBBBI")


def read_addresses() -> list[dict[str, Any]]:
    """Return every interface in the format of `ip -j addr`. Raise OSError if refused.

    Only the fields that facts need are included.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel:
        channel.settimeout(1.0)
        channel.bind((0, 0))
        return parse_dumps(_dump(channel, GETLINK), _dump(channel, GETADDR))


def _dump(channel: socket.socket, kind: int) -> bytes:
    question = struct.pack("=BxxxI", socket.AF_UNSPEC, 0).ljust(16, b"\0")
    channel.send(HEADER.pack(HEADER.size + len(question), kind, DUMP_REQUEST, kind, 0) + question)
    whole = b""
    while True:
        part = channel.recv(1 << 17)
        whole += part
        for found, _ in _messages(part):
            if found == ERROR:
                raise OSError("the kernel refused to list the network interfaces")
            if found == DONE:
                return whole


def parse_dumps(links: bytes, addrs: bytes) -> list[dict[str, Any]]:
    """Parse the two dumps, ordered by index.

    Addresses of an interface that was removed in between are skipped.
    """
    found: dict[int, dict[str, Any]] = {}
    for kind, body in _messages(links):
        if kind == NEWLINK:
            row = _link(body)
            found[row["ifindex"]] = row
    for kind, body in _messages(addrs):
        if kind == NEWADDR:
            index, row = _address(body)
            if index in found:
                found[index]["addr_info"].append(row)
    return [found[index] for index in sorted(found)]


def _link(body: bytes) -> dict[str, Any]:
    _, _, index, flags, _ = LINK.unpack_from(body)
    attributes = dict(_attributes(body[LINK.size :]))
    names = {IFF_UP: "UP", IFF_LOOPBACK: "LOOPBACK", IFF_LOWER_UP: "LOWER_UP"}
    row: dict[str, Any] = {
        "ifindex": index,
        "ifname": _text(attributes.get(3, b"")),
        "flags": [name for flag, name in names.items() if flags & flag],
        "link_type": "loopback" if flags & IFF_LOOPBACK else "ether",
        "address": attributes.get(1, b"").hex(":"),
        "addr_info": [],
    }
    details = dict(_attributes(attributes.get(18, b"")))
    if 1 in details:
        row["linkinfo"] = {"info_kind": _text(details[1])}
    return row


def _address(body: bytes) -> tuple[int, dict[str, Any]]:
    family, prefix, flags, scope, index = ADDRESS.unpack_from(body)
    attributes = dict(_attributes(body[ADDRESS.size :]))
    if 8 in attributes:
        flags = int.from_bytes(attributes[8], sys.byteorder)
    # IFA_LOCAL is this machine's end. IFA_ADDRESS is the other end of a point-to-point link; IPv6 has only this one.
    local = attributes.get(2) or attributes[1]
    row: dict[str, Any] = {
        "family": "inet6" if family == socket.AF_INET6 else "inet",
        "local": str(ipaddress.ip_address(local)),
        "prefixlen": prefix,
        "scope": SCOPES.get(scope, str(scope)),
    }
    if not flags & IFA_F_PERMANENT:
        row["dynamic"] = True
    return index, row


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _, _, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size:
            return
        yield kind, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "replace")
