"""Names asked at a real name server on the loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from piwizard.dns import lookup
from piwizard.dns.lookup import Resolvers
from tests.unit.dns.name_server import NameServer, Records, serving

SOA = ["ns1.ddns.net. admin.ddns.net. 1 3600 600 86400 60"]
RECORDS: Records = {
    ("ddns.net", "SOA"): SOA,
    ("ddns.net", "NS"): ["ns1.ddns.net.", "ns2.ddns.net."],
    ("ns1.ddns.net", "A"): ["127.0.0.1"],
    ("ns2.ddns.net", "A"): ["127.0.0.1"],
    ("songuuli.ddns.net", "A"): ["11.22.33.44"],
    ("songuuli.ddns.net", "TXT"): ['"one " "text"'],
    ("songuuli.ddns.net", "CAA"): ['0 issue "letsencrypt.org"'],
    ("example.org", "SOA"): SOA,
    ("example.org", "NS"): ["ns1.ddns.net."],
    ("www.example.org", "CNAME"): ["songuuli.ddns.net."],
    ("round.example.org", "CNAME"): ["about.example.org."],
    ("about.example.org", "CNAME"): ["round.example.org."],
}


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving(dict(RECORDS)) as running:
        yield running


def through(server: NameServer, *, seconds: float = 1.0) -> Resolvers:
    return Resolvers(("127.0.0.1",), server.port, seconds, patience=2 * seconds)


def test_a_name_at_its_own_servers(server: NameServer) -> None:
    found = lookup.authoritative("songuuli.ddns.net", "A", through(server))
    assert (found.status, found.records, found.servers, found.ttl) == ("found", ("11.22.33.44",), ("127.0.0.1",), 60)
    assert ("ddns.net", "NS") in server.asked


def test_texts_and_authorities(server: NameServer) -> None:
    assert lookup.authoritative("songuuli.ddns.net", "TXT", through(server)).records == ("one text",)
    found = lookup.authoritative("songuuli.ddns.net", "CAA", through(server))
    assert found.records == ('0 issue "letsencrypt.org"',)


def test_no_such_type_no_such_name(server: NameServer) -> None:
    assert lookup.authoritative("songuuli.ddns.net", "AAAA", through(server)).status == "none"
    assert lookup.authoritative("nobody.ddns.net", "A", through(server)).status == "no name"


def test_a_cname_leads_into_another_zone(server: NameServer) -> None:
    found = lookup.authoritative("www.example.org", "A", through(server))
    assert (found.name, found.records) == ("songuuli.ddns.net", ("11.22.33.44",))
    assert lookup.authoritative("www.example.org", "AAAA", through(server)).status == "none"


def test_a_chain_without_an_end(server: NameServer) -> None:
    found = lookup.authoritative("round.example.org", "A", through(server))
    assert found.status == "no answer"
    assert "never ends" in found.reason


def test_a_server_that_does_not_keep_the_zone(server: NameServer) -> None:
    server.lame = True
    found = lookup.authoritative("songuuli.ddns.net", "A", through(server))
    assert found.status == "no answer"
    assert "127.0.0.1 does not keep the zone" in found.reason
    assert lookup.seen("songuuli.ddns.net", "A", through(server)).records == ("11.22.33.44",)


def test_nobody_answers(server: NameServer) -> None:
    server.silent = True
    found = lookup.authoritative("songuuli.ddns.net", "A", through(server, seconds=0.1))
    assert not found.known
    assert found.reason == "No name server answered for songuuli.ddns.net (127.0.0.1 did not answer)."


def test_a_change_is_seen_at_once(server: NameServer) -> None:
    lookup.authoritative("songuuli.ddns.net", "A", through(server))
    server.records["songuuli.ddns.net", "A"] = ["11.22.33.99"]
    assert lookup.authoritative("songuuli.ddns.net", "A", through(server)).records == ("11.22.33.99",)


def test_a_name_that_is_none(server: NameServer) -> None:
    assert lookup.authoritative("a..b", "A", through(server)).status == "no answer"


def test_the_systems_resolvers_come_first() -> None:
    assert set(lookup.PUBLIC) <= set(lookup.of_system().addresses)
