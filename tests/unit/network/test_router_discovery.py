"""Test the search for the router, and its answers."""

from __future__ import annotations

import socket

import pytest

from piwizard.network import port_forwarding

MINIUPNPD = (
    b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
    b"USN: uuid:00000000-0000-0000-0000-000000000001::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nEXT:\r\n"
    b"SERVER: Debian UPnP/1.1 MiniUPnPd/2.3.1\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\nOPT: x\r\n\r\n"
)
FRITZBOX = (
    b"HTTP/1.1 200 OK\r\nLocation: http://192.168.178.1:49000/igddesc.xml\r\nSERVER: FRITZ!Box UPnP/1.0\r\n"
    b"ST: urn:schemas-upnp-org:service:WANIPConnection:1\r\n\r\n"
)


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        (MINIUPNPD, "http://192.168.1.1:5000/rootDesc.xml"),
        (FRITZBOX, "http://192.168.178.1:49000/igddesc.xml"),
        (MINIUPNPD.replace(b"InternetGatewayDevice", b"MediaServer"), None),
        (MINIUPNPD.replace(b"http://192.168.1.1:5000/", b"file:///etc/"), None),
        (MINIUPNPD.replace(b"/rootDesc.xml", b"/a b"), None),
        (b"NOTIFY * HTTP/1.1\r\n" + FRITZBOX, None),
        (b"\xff\x00", None),
    ],
)
def test_location_is_parsed_from_router_answers(answer, url):
    assert port_forwarding.parse_location(answer) == url


def test_find_router_returns_none_without_a_network():
    assert port_forwarding.find_router("240.0.0.1", seconds=0.1) is None


@pytest.mark.parametrize(
    ("sender", "says", "believed"),
    [
        ("127.0.0.1", b"http://127.0.0.1:5000/", True),
        ("127.0.0.2", b"http://127.0.0.1:5000/", False),
        ("127.0.0.1", b"http://127.0.0.2:5000/", False),
        ("127.0.0.1", b"http://[127.0.0.1:5000/", False),
    ],
)
def test_find_router_ignores_other_machines(sender, says, believed):
    with socket.socket(type=socket.SOCK_DGRAM) as call, socket.socket(type=socket.SOCK_DGRAM) as other:
        call.bind(("127.0.0.1", 0))
        call.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        other.bind((sender, 0))
        other.sendto(MINIUPNPD.replace(b"http://192.168.1.1:5000/", says), call.getsockname())
        found = port_forwarding._ask_for_description(call, "127.0.0.1", seconds=0.1)
    assert (found is not None) == believed


@pytest.mark.parametrize("outside", ["999.1.1.1", "1.2.3", "....", "٣.1.1.1"])
def test_listing_ignores_an_invalid_public_ip(outside):
    said = f"Found valid IGD : http://192.168.1.1/ctl\nExternalIPAddress = {outside}\n"
    seen = port_forwarding.parse_listing("http://192.168.1.1/", said)
    assert seen is not None
    assert seen.outside is None
