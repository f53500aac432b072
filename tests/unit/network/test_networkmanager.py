import pytest

from piwizard.network import netplan, networkmanager
from piwizard.network.address_settings import AddressSettings

UUID = "75a1216a-9d1a-30cd-8aca-ace5526ec021"
SETTINGS = AddressSettings(
    "eth0", "192.168.1.197/24", "192.168.1.1", ("192.168.1.1", "9.9.9.9"), "NetworkManager", UUID
)


@pytest.mark.parametrize(
    ("printed", "values"),
    [
        ("auto\n\n\n\n", ("auto", "", "", "")),
        ("manual\n192.168.1.197/24\n192.168.1.1\n192.168.1.1,9.9.9.9\n", None),
        ("manual\n192.168.1.197/24\n192.168.1.1\n192.168.1.1 9.9.9.9\n", None),
        ("manual\n192.168.1.197/24\n\n192.168.1.1,9.9.9.9\n0.0.0.0/0 192.168.1.1\n", None),
        ("manual\n192.168.1.197/24\n\n192.168.1.1,9.9.9.9\n10.0.0.0/8 10.0.0.1, 0.0.0.0/0 192.168.1.1 50\n", None),
        ("manual\n10.0.0.1/8, 10.0.0.2/8\n\n\n", ("manual", "10.0.0.1/8,10.0.0.2/8", "", "")),
    ],
)
def test_connection_is_parsed(printed, values):
    wanted = networkmanager.wanted_values(SETTINGS)
    assert networkmanager.parse_connection(printed) == (
        wanted if values is None else dict(zip(networkmanager.PROPERTIES, values, strict=True))
    )


def test_modify_command_restores_settings():
    before = networkmanager.parse_connection("auto\n\n\n\n")
    assert networkmanager.modify_command(UUID, before) == (
        "nmcli", "connection", "modify", "uuid", UUID,
        "ipv4.method", "auto", "ipv4.addresses", "", "ipv4.gateway", "", "ipv4.dns", "",
    )  # fmt: skip


def test_settings_files_include_netplan(tmp_path, monkeypatch):
    for name in ("KEYFILES", "GENERATED_KEYFILES", "NETPLAN"):
        (tmp_path / name).mkdir()
    for name in ("KEYFILES", "GENERATED_KEYFILES"):
        monkeypatch.setattr(networkmanager, name, tmp_path / name)
    monkeypatch.setattr(netplan, "FOLDER", tmp_path / "NETPLAN")
    monkeypatch.setattr(netplan, "OWN_FILE", tmp_path / "NETPLAN/95-ours.yaml")
    monkeypatch.setattr(networkmanager, "NO_AUTO_DEFAULT_FILE", tmp_path / "no-auto-default.state")
    (tmp_path / "KEYFILES/home.nmconnection").write_text(f"[connection]\nuuid={UUID}\n")
    (tmp_path / "KEYFILES/other.nmconnection").write_text("[connection]\nuuid=another\n")
    (tmp_path / "GENERATED_KEYFILES/netplan-wlan0.nmconnection").write_text("[connection]\n")
    (tmp_path / "NETPLAN/50-cloud-init.yaml").write_text("network:\n")
    (tmp_path / "NETPLAN/notes").write_text("")
    by_hand = tmp_path / "KEYFILES/by-hand.nmconnection"  # a UUID is optional
    by_hand.write_text("[connection]\nid=by hand\n")
    found = [path.relative_to(tmp_path).as_posix() for path in networkmanager.settings_files(UUID, by_hand)]
    assert found == [
        "KEYFILES/by-hand.nmconnection",
        "KEYFILES/home.nmconnection",
        "GENERATED_KEYFILES/netplan-wlan0.nmconnection",
        "NETPLAN/50-cloud-init.yaml",
        "NETPLAN/95-ours.yaml",
        "no-auto-default.state",
    ]
