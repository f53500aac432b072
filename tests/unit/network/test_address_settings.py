import dataclasses

import pytest

from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.network.address_settings import AddressSettings, read_settings
from piwizard.system.facts import Address, Gateway, Interface, Network

UUID = "75a1216a-9d1a-30cd-8aca-ace5526ec021"


def interface(name="eth0", address="192.168.1.100", **parts):
    lent = (Address(address, 24, 4, "global", True), Address("fe80::1", 64, 6, "link", False))
    given = {
        "name": name, "index": 2, "kind": "ethernet", "mac": "dc:a6:32:01:02:03", "up": True, "addresses": lent,
        "manager": "NetworkManager", "connection": UUID,
    }  # fmt: skip
    return Interface(**(given | parts))


HOME = Network((interface(),), Gateway("192.168.1.1", "eth0"), None, True, ("192.168.1.1", "fd00::1"))


def chosen(network=HOME, **answers):
    given = {"address": "192.168.1.197/24"} | answers
    return read_settings(network, Answers(None, {f"static_ip.{name}": value for name, value in given.items()}))


def test_settings_default_to_the_lease():
    assert chosen() == AddressSettings(
        "eth0", "192.168.1.197/24", "192.168.1.1", ("192.168.1.1",), "NetworkManager", UUID
    )


def test_settings_use_the_answers():
    found = chosen(interface="eth0", gateway="192.168.1.254", dns=["9.9.9.9", "1.1.1.1"])
    assert (found.gateway, found.dns) == ("192.168.1.254", ("9.9.9.9", "1.1.1.1"))


@pytest.mark.parametrize(
    ("answers", "key", "words"),
    [
        ({"address": "192.168.2.197/24"}, "address", "another subnet than the router, 192.168.1.1"),
        ({"address": "192.168.1.197/25"}, "address", "another subnet"),
        ({"address": "192.168.1.0/24"}, "address", "network address"),
        ({"address": "192.168.1.255/24"}, "address", "broadcast address"),
        ({"address": "192.168.1.1/24"}, "address", "the router's own"),
        ({"gateway": "10.0.0.1"}, "gateway", "outside of 192.168.1.0/24"),
        ({"gateway": "192.168.1.255"}, "gateway", "broadcast"),
        ({"interface": "eth1"}, "interface", "no interface eth1 .available: eth0"),
    ],
)
def test_unfitting_answer_is_named(answers, key, words):
    with pytest.raises(PiwizardError, match=words) as raised:
        chosen(**answers)
    assert raised.value.key == f"static_ip.{key}"
    assert raised.value.message.startswith(f"static_ip.{key}: ")


@pytest.mark.parametrize("manager", ["systemd-networkd", "ifupdown", "unknown"])
def test_unknown_manager_is_refused(manager):
    network = dataclasses.replace(HOME, interfaces=(interface(manager=manager, connection=None),))
    with pytest.raises(PiwizardError, match="piwizard does not change") as raised:
        chosen(network)
    assert "192.168.1.100/24, router 192.168.1.1" in raised.value.hint
    assert "dc:a6:32:01:02:03" in raised.value.hint


def test_address_of_another_interface_is_refused():
    other = interface("wlan0", "192.168.1.197")
    with pytest.raises(PiwizardError, match="wlan0 of this machine already has"):
        chosen(dataclasses.replace(HOME, interfaces=(interface(), other)))


@pytest.mark.parametrize("parts", [{"up": False}, {"connection": None}])
def test_disconnected_interface_is_refused(parts):
    with pytest.raises(PiwizardError, match="is not connected"):
        chosen(dataclasses.replace(HOME, interfaces=(interface(**parts),)))


def test_missing_route_is_refused():
    with pytest.raises(PiwizardError, match="gateway is missing"):
        chosen(dataclasses.replace(HOME, gateway=None))
    with pytest.raises(PiwizardError, match="No interface is connected to the Internet"):
        chosen(Network((), None, None, False))
    with pytest.raises(PiwizardError, match="No interface is connected to the Internet"):
        chosen(Network(None, None, None, False))


def test_name_server_defaults_to_the_router():
    assert chosen(dataclasses.replace(HOME, name_servers=())).dns == ("192.168.1.1",)
