import pytest

from piwizard.answers.validators import Invalid
from piwizard.network import address_rules


@pytest.mark.parametrize(
    ("given", "kept"),
    [("192.168.1.197/24", "192.168.1.197/24"), (" 10.0.0.5/8", "10.0.0.5/8"), ("192.168.1.5/030", "192.168.1.5/30")],
)
def test_address_with_prefix_is_accepted(given, kept):
    assert address_rules.address_with_prefix(given) == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("192.168.1.197", "prefix"),
        ("192.168.1.197/", "prefix"),
        ("192.168.1.197/31", "prefix"),
        ("192.168.1.197/7", "prefix"),
        ("192.168.1.197/-24", "prefix"),
        ("192.168.1.197/24/24", "prefix"),
        ("192.168.1.300/24", "IPv4 address"),
        ("fe80::1/24", "IPv4 address"),
        ("127.0.0.1/24", "loopback"),
        ("224.0.0.251/24", "multicast"),
        ("169.254.7.7/16", "link-local"),
        ("0.0.0.0/24", "reserved"),
        ("0.1.2.3/24", "reserved"),
        ("255.255.255.255/24", "reserved"),
        (5, "text"),
        ("192.168.1.1\n/24", "line breaks"),
    ],
)
def test_reserved_address_is_refused(given, words):
    with pytest.raises(Invalid, match=words):
        address_rules.address_with_prefix(given)


@pytest.mark.parametrize("given", ["eth0; reboot", "", "-eth0", "eth0/..", "a" * 16, 'eth"0'])
def test_invalid_interface_name_is_refused(given):
    with pytest.raises(Invalid):
        address_rules.interface_name(given)


def test_interface_name_is_accepted():
    assert [address_rules.interface_name(name) for name in ("eth0", "wlan0", "enx00e04c680001", "eth0.10")]
