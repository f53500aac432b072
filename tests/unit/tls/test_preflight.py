"""Test preflight checks before a certificate request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.dns.lookup import LookupResult
from piwizard.network.internet_time import ClockReading
from piwizard.tls.preflight import find_problem

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOME, HOME_6 = "11.22.33.44", "2a00:7b80:1:1::17"
NAME, WWW = NAMES = ("a.example.org", "www.a.example.org")
NONE, NO_ANSWER = LookupResult("none"), LookupResult("no answer", reason="No name server answered.")
ISSUE = '0 issue "letsencrypt.org"'
SOA = ("example.org", "SOA")


def found(*records):
    return LookupResult("found", records)


@dataclass
class Probes:
    """Probes where everything is fine, except for what a test changes."""

    off: timedelta | None = timedelta()
    owner: str | None = "nginx"
    wrong: str | None = None
    records: dict = field(default_factory=dict)
    four: frozenset | None = frozenset({HOME})
    six: frozenset | None = frozenset({HOME_6})

    def clock(self):
        return None if self.off is None else ClockReading(NOW + self.off, NOW)

    def owner_of_port_80(self):
        return self.owner

    def challenge_problem(self, name):
        return self.wrong

    def look_up(self, name, type):
        return self.records.get((name, type), found(HOME) if type == "A" else NONE)

    def own_addresses(self, version):
        return self.four if version == 4 else self.six


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"off": None},
        {"off": timedelta(minutes=-4)},
        {"records": {(NAME, "AAAA"): found(HOME_6)}},
        {"records": {(NAME, "A"): NONE, (NAME, "AAAA"): found(HOME_6)}},
        {"four": None, "records": {(NAME, "A"): found("9.9.9.9")}},
        {"six": None, "records": {(NAME, "AAAA"): found("2a00::1")}},
        {"records": {(NAME, "AAAA"): NO_ANSWER, (NAME, "CAA"): NO_ANSWER}},
        {"records": {(NAME, "CAA"): found(ISSUE)}},
        {"records": {("example.org", "CAA"): found('0 issue "digicert.com"', '0 issue "letsencrypt.org; x=1"')}},
        {"records": {("org", "CAA"): found('0 iodef "mailto:x@example.org"')}},
        {"records": {(NAME, "CAA"): found(ISSUE), ("example.org", "CAA"): found('0 issue ";"')}},
    ],
)
def test_preflight_passes(changed):
    assert find_problem((NAME,), Probes(**changed), letsencrypt=True) is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"owner": "Apache"}, "Port 80 is used by Apache"),
        ({"owner": None}, "nginx is not running"),
        (
            {"off": timedelta(days=-365)},
            "The clock is wrong: the clock shows 2025-11-22 12:00 UTC, but it is 2026-11",
        ),
        ({"off": timedelta(days=365)}, "The clock is wrong"),
        ({"off": timedelta(minutes=6)}, "The clock is wrong"),
        ({"wrong": "it returns 404"}, "nginx does not answer a test challenge for a.example.org: it returns"),
        ({"records": {(WWW, "A"): LookupResult("no name")}}, "www.a.example.org does not resolve"),
        ({"records": {(NAME, "A"): NO_ANSWER}}, "a.example.org cannot be looked up: No name server"),
        ({"records": {(NAME, "A"): found("9.9.9.9")}}, "points to 9.9.9.9, but your public IP is 11."),
        ({"records": {(NAME, "A"): found(HOME, "9.9.9.9")}}, "points to 9.9.9.9, but"),
        ({"records": {(NAME, "AAAA"): found("2a00::1")}}, "points to 2a00::1, but your IPv6 address is"),
        ({"six": frozenset(), "records": {(NAME, "AAAA"): found("2a00::1")}}, "this Pi has no IPv6 address"),
        ({"records": {(NAME, "CAA"): found('0 issue ";"')}}, "A CAA record of a.example.org forbids"),
        ({"records": {("example.org", "CAA"): found('0 issue "digicert.com"')}}, "A CAA record of example.org forbids"),
    ],
)
def test_preflight_finds_each_problem(changed, sentence):
    trouble = find_problem(NAMES, Probes(**changed), letsencrypt=True)
    assert sentence in trouble.sentence
    assert trouble.hint


def test_preflight_ignores_caa_for_another_server():
    forbidden = Probes(records={("example.org", "CAA"): found('0 issue "digicert.com"')})
    assert find_problem(NAMES, forbidden, letsencrypt=False) is None


def test_preflight_for_dns_needs_no_open_port():
    world = Probes(
        owner=None, wrong="it returns 404", records={(NAME, "A"): LookupResult("no name"), SOA: found("ns1. me. 1")}
    )
    assert find_problem((NAME,), world, letsencrypt=True, zone="example.org") is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"off": timedelta(days=-365)}, "The clock is wrong"),
        ({"records": {SOA: NO_ANSWER}}, "example.org cannot be looked up: No name server"),
        ({"records": {SOA: NONE}}, "example.org is not a DNS zone"),
        ({"records": {SOA: found("x"), (NAME, "CAA"): found('0 issue ";"')}}, "A CAA record of a.example.org forbids"),
    ],
)
def test_preflight_for_dns_finds_problems(changed, sentence):
    assert sentence in find_problem((NAME,), Probes(**changed), letsencrypt=True, zone="example.org").sentence


def test_name_that_points_elsewhere_is_a_doubt_after_everything_certain():
    elsewhere = {(NAME, "A"): found("104.21.3.7")}
    doubt = find_problem(NAMES, Probes(records=elsewhere), letsencrypt=True)
    assert doubt
    assert not doubt.certain
    for certain in ({(WWW, "A"): NONE}, {(NAME, "CAA"): found('0 issue "digicert.com"')}):
        problem = find_problem(NAMES, Probes(records={**elsewhere, **certain}), letsencrypt=True)
        assert problem
        assert problem.certain
