"""The router as UPnP shows it: found in a moment by a call into the LAN, then asked with upnpc."""

from __future__ import annotations

import re
import socket
import time
from urllib.parse import urlsplit

from piwizard.machine import commands, forwards
from piwizard.machine.forwards import Router

GROUP = ("239.255.255.250", 1900)
KINDS = (
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)
LONGEST = 2.0
"""Seconds: who has not answered by then does not speak UPnP. One that does takes a few hundredths."""
LOCATION = re.compile(rb"^location:[ \t]*(http://[!-~]{1,200})\r?$", re.I | re.M)


def find(gateway: str, seconds: float = LONGEST) -> str | None:
    """The address of the gateway's description; None where it does not answer to UPnP.

    Nobody but the gateway is believed: a forward of another box would lead nowhere.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as call:
        try:
            own = _towards(gateway)
            call.bind((own, 0))
            call.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
            call.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
            return _called(call, gateway, seconds)
        except OSError:  # no network: nobody to ask
            return None


def _towards(gateway: str) -> str:
    """The address of this machine at which the gateway knows it; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((gateway, GROUP[1]))
        return str(probe.getsockname()[0])


def _called(call: socket.socket, gateway: str, seconds: float) -> str | None:
    until, again = time.monotonic() + seconds, 0.0
    while (left := until - time.monotonic()) > 0:
        if time.monotonic() >= again:  # a datagram can get lost
            for kind in KINDS:
                call.sendto(_search(kind), GROUP)
            again = time.monotonic() + seconds / 3
        call.settimeout(min(left, seconds / 3))
        try:
            answer, (sender, *_) = call.recvfrom(2048)
        except TimeoutError:
            continue
        url = location(answer)
        if url and sender == gateway == urlsplit(url).hostname:
            return url
    return None


def _search(kind: str) -> bytes:
    lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", f"ST: {kind}", 'MAN: "ssdp:discover"', "MX: 1")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def location(answer: bytes) -> str | None:
    """The address in an answer to the call, if it is of a router."""
    found = LOCATION.search(answer)
    kind = any(word in answer for word in (b"InternetGatewayDevice", b"WANIPConnection", b"WANPPPConnection"))
    return found[1].decode() if found and kind and answer.startswith(b"HTTP/1.1 200") else None


def installed() -> bool:
    """Whether Debian's miniupnpc is here to ask with."""
    return commands.which("upnpc") is not None


def look(url: str) -> Router | None:
    """What the router says of itself; None where it does not answer."""
    return forwards.read(url, commands.run(forwards.list_argv(url), timeout=15).output)
