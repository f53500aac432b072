"""Test that edited network settings are replaced only after a yes."""

from __future__ import annotations

import pytest

from piwizard.changes import network_backends
from piwizard.changes.network_backends import Dhcpcd, Netplan
from piwizard.network import dhcpcd, netplan, networkmanager
from piwizard.network.address_settings import AddressSettings
from piwizard.network.netplan import NetplanDefinition

BEFORE = {"keeper": "netplan"}


@pytest.fixture
def ours(tmp_path, monkeypatch, working):
    """Return piwizard's netplan file as written; the network itself stays unchanged."""
    path = tmp_path / "netplan" / "95-piwizard-static-ip.yaml"
    path.parent.mkdir()
    monkeypatch.setattr(netplan, "OWN_FILE", path)
    monkeypatch.setattr(networkmanager, "read_connection", lambda connection: {})
    monkeypatch.setattr(network_backends, "_netplan_argv", lambda connection, interface: ())
    working("static-ip").write(path, b"network: {}\n", 0o600, (0, 0))
    return path


def test_undo_removes_network_settings_of_piwizard(ours, working):
    assert network_backends.put_back(BEFORE, "eth0", "Wired", working("static-ip")) is None
    assert list(ours.parent.iterdir()) == []


def test_undo_keeps_edited_network_settings(ours, working, events):
    for number in ("one", "two"):
        ours.write_text(f"# mine: {number}\n")
        network_backends.put_back(BEFORE, "eth0", "Wired", working("static-ip"))
    kept = sorted(ours.parent.iterdir())
    assert [one.read_text() for one in kept] == ["# mine: one\n", "# mine: two\n"]
    assert not [one for one in kept if one.suffix == ".yaml"], "netplan would read it"
    said = [event["text"] for event in events() if event["event"] == "note"]
    assert [str(one) in words for one, words in zip(kept, said, strict=True)] == [True, True]


def test_edited_network_settings_are_detected(ours, working):
    settings = AddressSettings("eth0", "192.168.1.9/24", "192.168.1.1", (), "NetworkManager", "Wired")
    keeper = Netplan(settings, "Wired", NetplanDefinition("ethernets", "eth0"))
    assert network_backends.edited(keeper, working("static-ip")) is None
    ours.write_text("# mine\n")
    assert network_backends.edited(keeper, working("static-ip")) == ours


def test_edited_dhcpcd_file_is_detected(tmp_path, monkeypatch, working):
    settings = AddressSettings("eth0", "192.168.1.9/24", "192.168.1.1", ("192.168.1.1",), "dhcpcd", None)
    path = tmp_path / "dhcpcd.conf"
    path.write_text("hostname\n")
    monkeypatch.setattr(dhcpcd, "CONFIG", path)
    keeper = Dhcpcd(settings)
    assert network_backends.edited(keeper, working("static-ip")) is None, "piwizard has not written it yet"
    working("static-ip").write(path, dhcpcd.add_block("hostname\n", settings).encode(), 0o644, (0, 0))
    assert network_backends.edited(keeper, working("static-ip")) is None
    path.write_text(path.read_text().replace("domain_name_servers=192.168.1.1", "domain_name_servers=9.9.9.9"))
    assert network_backends.edited(keeper, working("static-ip")) == path
