"""Test whether a host name points to one of our own addresses."""

from __future__ import annotations

import pytest

from piwizard.dns.lookup import LookupResult
from piwizard.dns.points_here import check_ipv4, check_ipv6, check_local, compare

NAME = "songuuli.ddns.net"
HERE, OLD = "11.22.33.44", "11.22.33.99"
UNKNOWN = LookupResult("no answer", reason="No name server answered.")


def records(*addresses, ttl=60):
    return LookupResult("found" if addresses else "none", addresses, NAME, ("1.1.1.1",), ttl)


@pytest.mark.parametrize(
    ("kept", "public", "sent", "ok", "detail", "cause"),
    [
        (records(HERE), HERE, None, True, f"points to {HERE}", ""),
        (records(OLD), HERE, OLD, False, f"points to {OLD}, but your public IP is {HERE}", "has not sent this address"),
        (records(OLD), HERE, HERE, False, f"points to {OLD}, but", "accepted the new address, but its name servers"),
        (records(), HERE, None, False, "points to no IPv4 address", "has not sent"),
        (records(HERE, OLD), HERE, None, False, f"points to {HERE}, {OLD}", "more than one address"),
        (LookupResult("no name"), HERE, None, False, "the name does not exist", "does not have this name"),
        (UNKNOWN, HERE, None, False, "its name servers do not answer", "No name server answered."),
        (records(HERE), None, None, False, "your public IP is unknown", "offline"),
    ],
)
def test_ipv4(kept, public, sent, ok, detail, cause):
    check = check_ipv4(compare(NAME, "A", kept, {public} if public else None), "offline", sent, kept)
    assert check.ok == ok
    assert detail in check.detail
    assert cause in check.cause
    assert ok or check.advice


def test_outdated_caches_are_no_failure():
    check = check_ipv4(compare(NAME, "A", records(HERE), {HERE}), "", HERE, records(OLD))
    assert check.ok
    assert f"some networks cache {OLD} for up to 60 s" in check.detail


def test_ipv6():
    own, other = "2a00:7b80::1", "2a00:7b80::2"
    assert check_ipv6(compare(NAME, "AAAA", records(), [own])).ok
    unknown = check_ipv6(compare(NAME, "AAAA", UNKNOWN, [own]))
    assert (unknown.ok, unknown.detail) == (False, "unknown: its name servers do not answer")
    assert check_ipv6(compare(NAME, "AAAA", records(own), [own])).ok
    for addresses in ([own], []):
        stale = check_ipv6(compare(NAME, "AAAA", records(other), addresses))
        assert not stale.ok
        assert other in stale.detail
        assert "AAAA" in stale.advice


@pytest.mark.parametrize(
    ("addresses", "ok", "detail"),
    [
        ([], False, "no address is known"),
        (["192.168.1.197"], True, "points to this Pi"),
        (["127.0.0.1"], True, "points to this Pi"),
        (["192.168.1.7"], False, "points to 192.168.1.7"),
    ],
)
def test_local_addresses(addresses, ok, detail):
    check = check_local(NAME, addresses, ["192.168.1.197"])
    assert check.ok is ok
    assert detail in check.detail
    assert ok or "Check" not in check.advice


def test_public_address_is_compared_only_with_the_name_servers():
    assert check_local(NAME, ["93.184.216.34"], ["192.168.1.197"]) is None
