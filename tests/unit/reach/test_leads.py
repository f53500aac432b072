"""What the addresses of a name mean: right, stale, not yet there, not to be told."""

from __future__ import annotations

import pytest

from piwizard.reach.leads import judge_ipv4, judge_ipv6
from piwizard.reach.names import Found
from piwizard.reach.outside import Outside

NAME = "songuuli.ddns.net"
HERE, OLD = "11.22.33.44", "11.22.33.99"
UNKNOWN = Found("no answer", reason="No name server answered.")


def leads(*addresses, ttl=60):
    return Found("found" if addresses else "none", addresses, NAME, ("1.1.1.1",), ttl)


@pytest.mark.parametrize(
    ("kept", "outside", "told", "ok", "detail", "cause"),
    [
        (leads(HERE), HERE, None, True, f"points to {HERE}", ""),
        (leads(OLD), HERE, OLD, False, f"points to {OLD}, but your public IP is {HERE}", "has not sent this address"),
        (leads(OLD), HERE, HERE, False, f"points to {OLD}, but", "accepted the new address, but its name servers"),
        (leads(), HERE, None, False, "points to no IPv4 address", "has not sent"),
        (leads(HERE, OLD), HERE, None, False, f"points to {HERE}, {OLD}", "more than one address"),
        (Found("no name"), HERE, None, False, "there is no such name", "has no such name"),
        (UNKNOWN, HERE, None, False, "its name servers do not answer", "No name server answered."),
        (leads(HERE), None, None, False, "your public IP is unknown", "offline"),
    ],
)
def test_ipv4(kept, outside, told, ok, detail, cause):
    check = judge_ipv4(NAME, kept, Outside(outside, "offline"), told, kept)
    assert check.ok == ok
    assert detail in check.detail
    assert cause in check.cause
    assert ok or check.advice


def test_caches_that_remember_are_no_failure():
    check = judge_ipv4(NAME, leads(HERE), Outside(HERE), HERE, leads(OLD))
    assert check.ok
    assert f"some networks remember {OLD} for up to 60 s" in check.detail


def test_ipv6():
    own, other = "2a00:7b80::1", "2a00:7b80::2"
    assert judge_ipv6(NAME, leads(), [own]).ok
    unknown = judge_ipv6(NAME, UNKNOWN, [own])
    assert (unknown.ok, unknown.detail) == (False, "unknown: its name servers do not answer")
    assert judge_ipv6(NAME, leads(own), [own]).ok
    for addresses in ([own], []):
        stale = judge_ipv6(NAME, leads(other), addresses)
        assert not stale.ok
        assert other in stale.detail
        assert "AAAA" in stale.advice
