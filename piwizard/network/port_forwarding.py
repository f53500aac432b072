"""Forwards of the router: who it is, what Debian's upnpc prints of it, and what has to be done about that.

Also a program of its own, started by a timer with the system's Python: `forwards.py GATEWAY DESCRIPTION ADDRESS PORT…`.
Routers forget forwards, after a restart or at the end of a lease; it puts back what is missing. So it needs the
standard library alone, and goes on when piwizard is removed. Another machine's forward is never taken over.
"""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CARDS = Path("/sys/class/net")
LEASE_SECONDS = 86400
"""Seconds, where a router wants an end: the timer comes by many times before."""
ENTRY = re.compile(r"^\s*\d+ (TCP|UDP)\s+(\d+)->([\d.]+):(\d+)\s+'(.*)' '([^']*)' (\d+)$", re.M)
OUTSIDE = re.compile(r"^ExternalIPAddress = ([\d.]+)$", re.M)
REFUSED = re.compile(r"^AddPortMapping\([^)]*\) failed with code (-?\d+)(?: \((.*)\))?", re.M)
MADE = re.compile(r"^external \S+ (?:TCP|UDP) is redirected to internal ([\d.]+):(\d+)", re.M)
FOUND = "Found valid IGD"
GROUP = ("239.255.255.250", 1900)
KINDS = (
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)
SEARCH_SECONDS = 2.0
"""Seconds: who has not answered by then does not speak UPnP. One that does takes a few hundredths."""
LOCATION = re.compile(rb"^location:[ \t]*(http://[!-~]{1,200})\r?$", re.I | re.M)

Ask = Callable[[Sequence[str]], str]
"""Runs a command and gives what it printed."""


class ForwardingRefused(Exception):
    """It cannot be done: `sentence` for a person, and the router's code where it gave one."""

    def __init__(self, sentence: str, code: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.code = sentence, code


@dataclass(frozen=True)
class PortForward:
    """One forward of the router's list. `lease`: seconds that it has left, 0 for good."""

    protocol: str
    port: int
    address: str
    inside: int
    description: str
    lease: int


@dataclass(frozen=True)
class UpnpRouter:
    """What a router says of itself. `outside` is its own outside address; None: it says none."""

    url: str
    outside: str | None
    forwards: tuple[PortForward, ...]

    def of(self, port: int) -> PortForward | None:
        """The forward of a TCP port."""
        return next((one for one in self.forwards if (one.protocol, one.port) == ("TCP", port)), None)


@dataclass(frozen=True)
class WantedForwards:
    """These TCP ports lead to the same ports of this machine; `description` is this machine's alone."""

    description: str
    address: str
    ports: tuple[int, ...]


def find_router(gateway: str, seconds: float = SEARCH_SECONDS) -> str | None:
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
                # Straight to it as well: a firewall on this machine lets in the answer to that alone.
                call.sendto(_search(kind), (gateway, GROUP[1]))
            again = time.monotonic() + seconds / 3
        call.settimeout(min(left, seconds / 3))
        try:
            answer, (sender, *_) = call.recvfrom(2048)
        except TimeoutError:
            continue
        url = parse_location(answer)
        if url and sender == gateway == _host(url):
            return url
    return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # whoever sent it: this is no address
        return None


def _search(kind: str) -> bytes:
    lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", f"ST: {kind}", 'MAN: "ssdp:discover"', "MX: 1")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def parse_location(answer: bytes) -> str | None:
    """The address in an answer to the call, if it is of a router."""
    found = LOCATION.search(answer)
    kind = any(word in answer for word in (b"InternetGatewayDevice", b"WANIPConnection", b"WANPPPConnection"))
    return found[1].decode() if found and kind and answer.startswith(b"HTTP/1.1 200") else None


def list_argv(url: str) -> tuple[str, ...]:
    """Asks the router at that address for everything."""
    return ("upnpc", "-u", url, "-l")


def add_argv(url: str, wanted: WantedForwards, port: int, lease: int = 0) -> tuple[str, ...]:
    """Adds a forward, for good where `lease` is 0."""
    ends = (str(port), str(port), "TCP", str(lease))
    return ("upnpc", "-e", wanted.description, "-u", url, "-a", wanted.address, *ends)


def remove_argv(url: str, port: int) -> tuple[str, ...]:
    """Takes a forward away."""
    return ("upnpc", "-u", url, "-d", str(port), "TCP")


def parse_listing(url: str, output: str) -> UpnpRouter | None:
    """What `upnpc -l` printed; None where no router answered."""
    if FOUND not in output:
        return None
    found = OUTSIDE.search(output)
    outside = found[1] if found and _is_address(found[1]) else None
    forwards = [
        PortForward(protocol, int(port), address, int(inside), description, int(lease))
        for protocol, port, address, inside, description, _, lease in ENTRY.findall(output)
    ]
    return UpnpRouter(url, outside, tuple(forwards))


def _is_address(text: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def missing_ports(router: UpnpRouter, wanted: WantedForwards) -> list[int]:
    """The ports that do not lead here yet. Refused where one leads to another machine."""
    found = []
    for port in wanted.ports:
        there = router.of(port)
        if there is None or (is_ours(there.description, wanted.description) and there.address != wanted.address):
            found.append(port)
        elif there.address != wanted.address:
            called = f" (“{there.description}”)" if there.description else ""
            raise ForwardingRefused(f"The router forwards port {port} to another machine, {there.address}{called}.")
        elif there.inside != port:
            raise ForwardingRefused(f"The router forwards port {port} to port {there.inside} of this machine.")
    return found


def make_description(card: str) -> str:
    """What the forwards of a machine with this card (its MAC) are called in the router."""
    return f"piwizard {card}"


def is_ours(found: str, description: str) -> bool:
    """Whether a forward called so is this machine's, be it by another of its cards: from WLAN to cable the MAC is
    another one."""
    cards = (path.read_text().strip() for path in CARDS.glob("*/address"))
    return found in (description, *map(make_description, cards))


def expiring_ports(router: UpnpRouter, wanted: WantedForwards) -> list[int]:
    """The ports that lead here for a time only, by a forward of ours."""
    own = [one for one in map(router.of, wanted.ports) if one and one.description == wanted.description]
    return [one.port for one in own if one.address == wanted.address and one.lease]


def add_forward(ask: Ask, router: UpnpRouter, wanted: WantedForwards, port: int) -> None:
    """Adds a forward, for good if the router lets it. Refused with the reason."""
    there = router.of(port)
    if there is not None and there.address != wanted.address:  # ours, from an address that this machine had before
        ask(remove_argv(router.url, port))
    output = ask(add_argv(router.url, wanted, port))
    refusal = REFUSED.search(output)
    if refusal and int(refusal[1]) not in (501, 606, 718):  # these are no matter of the lease
        output = ask(add_argv(router.url, wanted, port, LEASE_SECONDS))
        refusal = REFUSED.search(output)
    if refusal:
        raise ForwardingRefused(_why(port, int(refusal[1]), refusal[2] or ""), int(refusal[1]))
    if FOUND not in output:
        raise ForwardingRefused("The router does not answer to UPnP any more.")
    made = MADE.search(output)
    if made and (made[1], int(made[2])) != (wanted.address, port):
        raise ForwardingRefused(
            f"The router forwards port {port} to another machine, {made[1]}, and says no word about it."
        )


def _why(port: int, code: int, words: str) -> str:
    if code == 718:
        return f"The router has given port {port} to another machine, or keeps it for itself, and does not say which."
    if code == 606:
        return f"The router does not let this machine forward port {port}: it is not authorised."
    said = f"{code}, {words}" if words else str(code)
    return f"The router refuses to forward port {port} ({said})."


def _run(argv: Sequence[str]) -> str:
    import subprocess  # for the timer's program alone: every command of piwizard loads this module

    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    return done.stdout


def main(gateway: str, description: str, address: str, ports: Sequence[str]) -> str:
    """Puts back what is missing, and begins anew what would end; returns what was done."""
    wanted = WantedForwards(description, address, tuple(int(port) for port in ports))
    url = find_router(gateway)
    router = parse_listing(url, _run(list_argv(url))) if url else None
    if router is None:
        raise ForwardingRefused("No router answers to UPnP.")
    done = []
    for port in dict.fromkeys((*missing_ports(router, wanted), *expiring_ports(router, wanted))):
        add_forward(_run, router, wanted, port)
        done.append(str(port))
    return f"Forwarded to {address}: {', '.join(done)}." if done else "All is as it should be."


if __name__ == "__main__":
    try:
        print(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
    except ForwardingRefused as refused:
        sys.exit(refused.sentence)
