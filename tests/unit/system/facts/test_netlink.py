import ipaddress
import json
import shutil
import socket
import struct
import subprocess

import pytest

from piwizard.system.facts import netlink


def message(kind, body):
    return (struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body).ljust((16 + len(body) + 3) & ~3, b"\0")


def attribute(kind, data):
    return (struct.pack("=HH", 4 + len(data), kind) + data).ljust((4 + len(data) + 3) & ~3, b"\0")


def link(index, name, flags, extra=b""):
    head = struct.pack("=BxHiII", 0, 1, index, flags, 0)
    return message(16, head + attribute(3, name + b"\0") + attribute(1, bytes.fromhex("dca632010203")) + extra)


def address(index, family, prefix, flags, scope, attributes):
    return message(20, struct.pack("=BBBBI", family, prefix, flags, scope, index) + attributes)


V4 = ipaddress.ip_address("192.168.1.197").packed
PEER = ipaddress.ip_address("10.8.0.1").packed


def test_addresses_are_dynamic_or_permanent():
    links = link(2, b"eth0", 0x11043) + message(3, b"")
    addrs = address(2, socket.AF_INET, 24, 0, 0, attribute(1, V4) + attribute(2, V4) + attribute(8, b"\0\2\0\0"))
    permanent = attribute(1, ipaddress.ip_address("fe80::1").packed) + attribute(8, struct.pack("=I", 0x80))
    addrs += address(2, socket.AF_INET6, 64, 0x80, 253, permanent)
    (found,) = netlink.parse_dumps(links, addrs)
    assert (found["ifname"], found["address"]) == ("eth0", "dc:a6:32:01:02:03")
    assert found["flags"] == ["UP", "LOWER_UP"]
    assert found["addr_info"] == [
        {"family": "inet", "local": "192.168.1.197", "prefixlen": 24, "scope": "global", "dynamic": True},
        {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
    ]


def test_tunnel_has_its_local_address():
    addrs = address(5, socket.AF_INET, 32, 0x80, 0, attribute(1, PEER) + attribute(2, V4))
    (found,) = netlink.parse_dumps(link(5, b"tun0", 0x1), addrs)
    assert found["addr_info"][0]["local"] == "192.168.1.197"


def test_virtual_interface_has_its_kind():
    (found,) = netlink.parse_dumps(link(4, b"docker0", 0x1, attribute(18, attribute(1, b"bridge\0"))), b"")
    assert found["linkinfo"] == {"info_kind": "bridge"}


def test_address_of_a_removed_interface_is_skipped():
    addrs = address(9, socket.AF_INET, 24, 0, 0, attribute(1, V4))
    assert netlink.parse_dumps(link(2, b"eth0", 0x1), addrs)[0]["addr_info"] == []


def test_incomplete_message_ends_the_list():
    assert netlink.parse_dumps(link(2, b"eth0", 0x1) + b"\0" * 16, b"\1\0")[0]["ifname"] == "eth0"


@pytest.mark.skipif(shutil.which("ip") is None, reason="the program ip is not here")
def test_addresses_equal_those_of_ip():
    said = subprocess.run(["ip", "-j", "-d", "addr"], check=True, capture_output=True, text=True).stdout

    def comparable(rows):
        return [
            {
                "name": row["ifname"],
                "mac": row.get("address", ""),
                "up": "UP" in row["flags"],
                "kind": row.get("linkinfo", {}).get("info_kind"),
                "addresses": sorted(
                    (each["local"], each["prefixlen"], each["scope"], each.get("dynamic", False))
                    for each in row["addr_info"]
                ),
            }
            for row in sorted(rows, key=lambda row: row["ifindex"])
        ]

    assert comparable(netlink.read_addresses()) == comparable(json.loads(said))
