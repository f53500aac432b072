"""Find the router, parse the output of Debian's upnpc, and forward ports.

Also a program, started by a timer with the system's Python: `forwards.py GATEWAY DESCRIPTION ADDRESS PORT…`. Routers
forget forwarded ports after a restart or at the end of a lease; it restores the missing ones. It is a single file that
needs only the standard library, so that it works without piwizard. It never takes over another machine's port.
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
"""Used if a router requires a lease. The timer renews it many times before it ends."""
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
"""A router that has not answered by then does not support UPnP. Others take a few hundredths of a second."""
LOCATION = re.compile(rb"^location:[ \t]*(http://[!-~]{1,200})\r?$", re.I | re.M)

Ask = Callable[[Sequence[str]], str]
"""Runs a command and returns its output."""


class ForwardingRefused(Exception):
    """The reason why a port cannot be forwarded. `code` is the router's, if any."""

    def __init__(self, sentence: str, code: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.code = sentence, code


@dataclass(frozen=True)
class PortForward:
    """A port that the router forwards. `lease`: seconds until it ends, 0 for never."""

    protocol: str
    port: int
    address: str
    inside: int
    description: str
    lease: int


@dataclass(frozen=True)
class UpnpRouter:
    """A router's own report. `outside`: its public IP; None if it reports none."""

    url: str
    outside: str | None
    forwards: tuple[PortForward, ...]

    def of(self, port: int) -> PortForward | None:
        """Return what the router does with a TCP port; None if it does not forward it."""
        return next((one for one in self.forwards if (one.protocol, one.port) == ("TCP", port)), None)


@dataclass(frozen=True)
class WantedForwards:
    """TCP ports to forward to this machine. `description` is unique to it."""

    description: str
    address: str
    ports: tuple[int, ...]


def find_router(gateway: str, seconds: float = SEARCH_SECONDS) -> str | None:
    """Return the URL of the gateway's UPnP description; None if it does not answer.

    Answers of other machines are ignored: a port forwarded by them would not help.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as call:
        try:
            own = _towards(gateway)
            call.bind((own, 0))
            call.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
            call.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
            return _ask_for_description(call, gateway, seconds)
        except OSError:  # no network
            return None


def _towards(gateway: str) -> str:
    """Return this machine's address in the network of the gateway. Send nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((gateway, GROUP[1]))
        return str(probe.getsockname()[0])


def _ask_for_description(call: socket.socket, gateway: str, seconds: float) -> str | None:
    until, again = time.monotonic() + seconds, 0.0
    while (left := until - time.monotonic()) > 0:
        if time.monotonic() >= again:  # a datagram can get lost
            for kind in KINDS:
                call.sendto(_search(kind), GROUP)
                # Also directly: a firewall on this machine may accept only the answer to that.
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
    except ValueError:  # from the network: any bytes are possible
        return None


def _search(kind: str) -> bytes:
    lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", f"ST: {kind}", 'MAN: "ssdp:discover"', "MX: 1")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def parse_location(answer: bytes) -> str | None:
    """Return the URL in an answer to the search; None if no router sent it."""
    found = LOCATION.search(answer)
    kind = any(word in answer for word in (b"InternetGatewayDevice", b"WANIPConnection", b"WANPPPConnection"))
    return found[1].decode() if found and kind and answer.startswith(b"HTTP/1.1 200") else None


def list_argv(url: str) -> tuple[str, ...]:
    """Return the command that lists all forwarded ports of a router."""
    return ("upnpc", "-u", url, "-l")


def add_argv(url: str, wanted: WantedForwards, port: int, lease: int = 0) -> tuple[str, ...]:
    """Return the command that forwards a port. A `lease` of 0 never ends."""
    ends = (str(port), str(port), "TCP", str(lease))
    return ("upnpc", "-e", wanted.description, "-u", url, "-a", wanted.address, *ends)


def remove_argv(url: str, port: int) -> tuple[str, ...]:
    """Return the command that stops forwarding a port."""
    return ("upnpc", "-u", url, "-d", str(port), "TCP")


def parse_listing(url: str, output: str) -> UpnpRouter | None:
    """Parse the output of `upnpc -l`; None if no router answered."""
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
    """Return the ports that the router does not forward to this machine yet.

    Raise ForwardingRefused if it forwards one to another machine.
    """
    found = []
    for port in wanted.ports:
        current = router.of(port)
        if current is None or (is_ours(current.description, wanted.description) and current.address != wanted.address):
            found.append(port)
        elif current.address != wanted.address:
            named = f" (“{current.description}”)" if current.description else ""
            raise ForwardingRefused(f"The router forwards port {port} to another machine, {current.address}{named}.")
        elif current.inside != port:
            raise ForwardingRefused(f"The router forwards port {port} to port {current.inside} of this machine.")
    return found


def make_description(card: str) -> str:
    """Return the description of this machine's forwarded ports, from a MAC."""
    return f"piwizard {card}"


def is_ours(found: str, description: str) -> bool:
    """Return whether a description is from this machine, by any of its MACs.

    After a change from Wi-Fi to cable, the MAC is a different one.
    """
    cards = (path.read_text().strip() for path in CARDS.glob("*/address"))
    return found in (description, *map(make_description, cards))


def expiring_ports(router: UpnpRouter, wanted: WantedForwards) -> list[int]:
    """Return the ports that piwizard forwarded to this machine with a lease."""
    own = [one for one in map(router.of, wanted.ports) if one and one.description == wanted.description]
    return [one.port for one in own if one.address == wanted.address and one.lease]


def add_forward(ask: Ask, router: UpnpRouter, wanted: WantedForwards, port: int) -> None:
    """Forward a port, without a lease if the router allows it.

    Raise ForwardingRefused with the reason if the router refuses.
    """
    current = router.of(port)
    if current is not None and current.address != wanted.address:  # ours, to an earlier address of this machine
        ask(remove_argv(router.url, port))
    output = ask(add_argv(router.url, wanted, port))
    refusal = REFUSED.search(output)
    if refusal and int(refusal[1]) not in (501, 606, 718):  # other codes may be about the lease
        output = ask(add_argv(router.url, wanted, port, LEASE_SECONDS))
        refusal = REFUSED.search(output)
    if refusal:
        raise ForwardingRefused(_reason(port, int(refusal[1]), refusal[2] or ""), int(refusal[1]))
    if FOUND not in output:
        raise ForwardingRefused("The router no longer answers UPnP requests.")
    made = MADE.search(output)
    if made and (made[1], int(made[2])) != (wanted.address, port):
        raise ForwardingRefused(
            f"The router forwards port {port} to another machine, {made[1]}, and does not report that."
        )


def _reason(port: int, code: int, message: str) -> str:
    if code == 718:
        return f"The router forwards port {port} to another machine, or uses it itself; it does not report which."
    if code == 606:
        return f"The router does not allow this machine to forward port {port}."
    shown = f"{code}, {message}" if message else str(code)
    return f"The router refuses to forward port {port} ({shown})."


def _run(argv: Sequence[str]) -> str:
    import subprocess  # only the timer's program needs it; every command of piwizard loads this module

    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    return done.stdout


def main(gateway: str, description: str, address: str, ports: Sequence[str]) -> str:
    """Restore missing ports, renew those with a lease, and return a summary."""
    wanted = WantedForwards(description, address, tuple(int(port) for port in ports))
    url = find_router(gateway)
    router = parse_listing(url, _run(list_argv(url))) if url else None
    if router is None:
        raise ForwardingRefused("No router answers UPnP requests.")
    done = []
    for port in dict.fromkeys((*missing_ports(router, wanted), *expiring_ports(router, wanted))):
        add_forward(_run, router, wanted, port)
        done.append(str(port))
    return f"Forwarded to {address}: {', '.join(done)}." if done else "All ports are forwarded already."


if __name__ == "__main__":
    try:
        print(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
    except ForwardingRefused as refused:
        sys.exit(refused.sentence)
