import pytest

from piwizard.errors import PiwizardError
from piwizard.network import netplan
from piwizard.network.address_settings import AddressSettings
from piwizard.network.netplan import NetplanDefinition

SETTINGS = AddressSettings(
    "eth0", "192.168.1.197/24", "192.168.1.1", ("192.168.1.1", "9.9.9.9"), "NetworkManager", "uuid"
)
YAML = """network:
  version: 2
  ethernets:
    eth0: # the cable
      dhcp4: true
  wifis:
    wlan0:
      dhcp4: true
      access-points:
        "Home Net":
          password: "12345678"
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return a connection of that name, as netplan generates it from these files."""
    for name in ("etc", "run"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(netplan, "FOLDER", tmp_path / "etc")
    monkeypatch.setattr(netplan, "GENERATED_FOLDER", tmp_path / "run")
    (tmp_path / "etc/50-cloud-init.yaml").write_text(YAML)

    def make(name, kind="ethernet"):
        (tmp_path / "run" / name).write_text(f"[connection]\nid=x\ntype={kind}\n")
        return tmp_path / "run" / name

    return make


def test_definition_is_found(made):
    assert netplan.find_definition(made("netplan-eth0.nmconnection"), "eth0") == NetplanDefinition("ethernets", "eth0")
    wireless = made("netplan-wlan0-Home Net.nmconnection", "wifi")
    assert netplan.find_definition(wireless, "wlan0") == NetplanDefinition("wifis", "wlan0")


@pytest.mark.parametrize(
    "name", ["Wired connection 1.nmconnection", "netplan-NM-75a1216a-9d1a-30cd-8aca-ace5526ec021.nmconnection"]
)
def test_networkmanager_definition_is_ignored(made, name):
    assert netplan.find_definition(made(name), "eth0") is None


def test_keyfile_of_a_user_is_ignored(made, tmp_path):
    assert netplan.find_definition(tmp_path / "etc/netplan-eth0.nmconnection", "eth0") is None


def test_unknown_definition_is_refused(made):
    with pytest.raises(PiwizardError, match="configured by netplan in a way that piwizard does not know"):
        netplan.find_definition(made("netplan-bond7.nmconnection"), "bond7")


def test_own_file_overrides_the_settings():
    assert netplan.own_file_text(NetplanDefinition("ethernets", "eth0"), SETTINGS).splitlines()[1:] == [
        "network:",
        "  version: 2",
        "  ethernets:",
        '    "eth0":',
        "      dhcp4: false",
        '      addresses: ["192.168.1.197/24"]',
        "      routes:",
        '        - to: "default"',
        '          via: "192.168.1.1"',
        "      nameservers:",
        '        addresses: ["192.168.1.1", "9.9.9.9"]',
    ]
