import pytest

from piwizard.errors import PiwizardError
from piwizard.network import dhcpcd
from piwizard.network.address_settings import AddressSettings

SETTINGS = AddressSettings("eth0", "192.168.1.197/24", "192.168.1.1", ("192.168.1.1", "9.9.9.9"), "dhcpcd")
DEBIAN = "# A sample configuration\nhostname\npersistent\n#interface eth0\n#static ip_address=192.168.0.10/24\n"
OURS = """# piwizard: a fixed address
interface eth0
static ip_address=192.168.1.197/24
static routers=192.168.1.1
static domain_name_servers=192.168.1.1 9.9.9.9
# piwizard: end
"""


def test_block_is_added_at_the_end():
    assert dhcpcd.add_block(DEBIAN, SETTINGS) == f"{DEBIAN}\n{OURS}"
    assert dhcpcd.add_block("", SETTINGS) == OURS


def test_block_is_replaced():
    once = dhcpcd.add_block(DEBIAN, SETTINGS)
    assert dhcpcd.add_block(once, SETTINGS) == once
    other = AddressSettings("wlan0", "192.168.1.9/24", "192.168.1.1", ("1.1.1.1",), "dhcpcd")
    assert dhcpcd.add_block(dhcpcd.add_block(once, other), SETTINGS) == once


@pytest.mark.parametrize(
    "before", [DEBIAN, "hostname\n", "hostname", "interface wlan0\nstatic ip_address=10.0.0.1/8\n"]
)
def test_remove_block_restores_the_file(before):
    assert dhcpcd.remove_block(dhcpcd.add_block(before, SETTINGS)).rstrip() == before.rstrip()


def test_later_lines_stay():
    text = dhcpcd.add_block(DEBIAN, SETTINGS) + "nohook wpa_supplicant\n"
    assert dhcpcd.remove_block(text) == f"{DEBIAN}nohook wpa_supplicant\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("interface eth0\nstatic ip_address=192.168.1.5/24\n", 2),
        ("hostname\n\ninterface eth0\n  inform 192.168.1.5\n", 4),
        ("static ip_address=192.168.1.5/24\n", 1),
        ("interface wlan0\nstatic ip_address=192.168.1.5/24\n", None),
        ("profile static_eth0\nstatic ip_address=192.168.1.5/24\n", None),
        ("interface eth0\n#static ip_address=192.168.1.5/24\n", None),
    ],
)
def test_manual_address_is_refused(text, line):
    assert dhcpcd.find_manual_address(text, "eth0") == line
    if line:
        with pytest.raises(PiwizardError, match=f"line {line}, set by hand"):
            dhcpcd.add_block(text, SETTINGS)


def test_restart_runs_in_its_own_unit():
    assert "--property=ExecStartPre=ip -4 address flush dev eth0 scope global" in dhcpcd.restart_command("eth0")
