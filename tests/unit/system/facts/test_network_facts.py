import pytest

from piwizard.system.facts import Address, Gateway
from piwizard.system.facts.network_facts import gateway, read_network

NM_UUID = "75a1216a-9d1a-30cd-8aca-ace5526ec021"


@pytest.mark.parametrize(
    ("name", "interface", "address", "dynamic", "router", "manager"),
    [
        ("pi4-trixie", "eth0", "192.168.1.197/24", True, "192.168.1.1", "NetworkManager"),
        ("zero-w-bookworm", "wlan0", "192.168.0.42/24", True, "192.168.0.1", "NetworkManager"),
        ("pi3-bookworm-dhcpcd", "eth0", "192.168.1.30/24", False, "192.168.1.254", "dhcpcd"),
        ("pi3bplus-bullseye", "eth0", "10.0.0.17/24", True, "10.0.0.138", "dhcpcd"),
        ("pi1-buster", "eth0", "192.168.1.197/24", True, "192.168.1.1", "dhcpcd"),
        ("vm-bookworm-apache", "enp1s0", "192.168.122.50/24", True, "192.168.122.1", "ifupdown"),
        ("docker-bookworm", "eth0", "172.17.0.2/16", False, "172.17.0.1", "unknown"),
    ],
)
def test_main_interface_has_the_default_route(sample, name, interface, address, dynamic, router, manager):
    found = read_network(sample(name))
    assert found.main.name == interface
    assert str(found.address) == address
    assert found.address.dynamic is dynamic
    assert found.gateway == Gateway(router, interface)
    assert found.main.manager == manager


def test_interface_has_all_fields(sample):
    found = read_network(sample("pi4-trixie"))
    eth0, wlan0 = found.interfaces
    assert (eth0.kind, eth0.mac, eth0.index, eth0.up) == ("ethernet", "dc:a6:32:01:02:03", 2, True)
    assert (wlan0.name, wlan0.kind) == ("wlan0", "wireless")
    assert eth0.connection == NM_UUID
    assert eth0.addresses[1] == Address("2001:db8:a0b:1200:1c4f:83ff:fe11:7a01", 64, 6, "global", True)
    assert eth0.addresses[2].scope == "link"


def test_ipv6_gateway_is_read(sample):
    assert read_network(sample("pi4-trixie")).gateway6 == Gateway("fe80::a96:d7ff:fe00:1", "eth0")
    assert read_network(sample("zero-w-bookworm")).gateway6 is None


def test_netplan_is_recognized_on_trixie(sample):
    assert read_network(sample("pi4-trixie")).netplan
    assert not read_network(sample("zero-w-bookworm")).netplan


def test_dhcpcd_does_not_manage_docker(sample):
    eth0, docker0 = read_network(sample("pi3-bookworm-dhcpcd")).interfaces
    assert (eth0.manager, docker0.manager) == ("dhcpcd", "unknown")
    assert docker0.kind == "bridge"


def test_files_of_a_stopped_networkmanager_are_ignored(sample):
    source = sample("pi3-bookworm-dhcpcd")
    assert source.exists("/run/NetworkManager/devices/2")
    assert read_network(source).main.manager == "dhcpcd"


def test_stopped_dhcpcd_manages_nothing(altered):
    source = altered("pi3bplus-bullseye", {"proc/391/comm": "bash\n"})
    assert read_network(source).main.manager == "unknown"


def test_networkd_manages_configured_interfaces(altered):
    link = "# This is private data.\nADMIN_STATE=configured\nOPER_STATE=routable\n"
    source = altered("docker-bookworm", {"run/systemd/netif/links/14": link})
    assert read_network(source).main.manager == "systemd-networkd"


def test_networkd_does_not_manage_unmanaged_interfaces(altered):
    link = "ADMIN_STATE=unmanaged\nOPER_STATE=routable\n"
    source = altered("docker-bookworm", {"run/systemd/netif/links/14": link})
    assert read_network(source).main.manager == "unknown"


def test_networkmanager_does_not_manage_unmanaged_interfaces(altered):
    state = "[device]\nmanaged=false\n"
    source = altered("pi4-trixie", {"run/NetworkManager/devices/2": state})
    assert read_network(source).main.manager == "unknown"
    assert read_network(source).main.connection is None


def test_only_interface_is_the_main_one_without_a_route(altered):
    source = altered("zero-w-bookworm", {"proc/net/route": None})
    found = read_network(source)
    assert found.gateway is None
    assert str(found.address) == "192.168.0.42/24"


def test_two_interfaces_without_a_route_have_no_main_one(altered):
    empty = {"proc/net/route": "", "proc/net/ipv6_route": ""}
    assert read_network(altered("pi4-trixie", empty)).main is None
    assert read_network(altered("pi4-trixie", empty)).address is None


def test_default_route_with_the_lower_metric_wins(sample):
    table = sample("pi4-trixie").read("/proc/net/route")
    head, *routes = table.splitlines()
    assert gateway("\n".join([head, *reversed(routes)])).interface == "eth0"


def test_route_without_a_gateway_is_ignored():
    head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    assert gateway(head + "ppp0 00000000 00000000 0001 0 0 0 00000000 0 0 0\n") is None


@pytest.mark.parametrize(
    ("files", "servers"),
    [
        ({"/etc/resolv.conf": "search lan\nnameserver 192.168.1.1\nnameserver fd00::1\n"}, ("192.168.1.1", "fd00::1")),
        (
            {
                "/etc/resolv.conf": "nameserver 127.0.0.53\n",
                "/run/NetworkManager/no-stub-resolv.conf": "nameserver 9.9.9.9\n",
            },
            ("9.9.9.9",),
        ),
        ({"/etc/resolv.conf": "# nameserver 1.1.1.1\nnameserver 127.0.0.1\nnameserver x:y\n"}, ()),
        ({}, ()),
    ],
)  # fmt: skip
def test_name_servers_exclude_this_machine(altered, files, servers):
    assert read_network(altered("pi4-trixie", files)).name_servers == servers
