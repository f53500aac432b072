"""Test the output of ping, and ranges of addresses."""

from __future__ import annotations

import pytest

from piwizard.network import nat_detection

EXCEEDED = """\
PING 1.1.1.1 (1.1.1.1) 56(84) bytes of data.
From 100.64.0.1 icmp_seq=1 Time to live exceeded

--- 1.1.1.1 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms
"""
REACHED = """\
PING 11.22.33.44 (11.22.33.44) 56(84) bytes of data.
64 bytes from 11.22.33.44: icmp_seq=1 ttl=64 time=0.041 ms
"""


def test_sender_is_parsed_from_ping():
    assert nat_detection.parse_sender(EXCEEDED) == "100.64.0.1"
    assert nat_detection.parse_sender(REACHED) is None
    assert nat_detection.parse_sender("") is None


@pytest.mark.parametrize(
    ("address", "carrier", "home"),
    [
        ("100.64.0.1", True, False),
        ("100.128.0.1", False, False),
        ("192.168.0.2", False, True),
        ("172.31.0.1", False, True),
        ("10.8.0.1", False, True),
        ("11.22.33.44", False, False),
        (None, False, False),
    ],
)
def test_address_ranges_are_recognized(address, carrier, home):
    assert (nat_detection.is_cgnat(address), nat_detection.is_private(address)) == (carrier, home)
