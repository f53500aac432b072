"""Test lookups at a real DNS server on localhost."""

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
    return Resolvers(("127.0.0.1",), server.port, seconds, lifetime_seconds=2 * seconds)


def test_lookup_asks_the_name_servers_of_the_zone(server: NameServer) -> None:
    found = lookup.ask_name_servers("songuuli.ddns.net", "A", through(server))
    assert (found.status, found.records, found.servers, found.ttl) == ("found", ("11.22.33.44",), ("127.0.0.1",), 60)
    assert ("ddns.net", "NS") in server.asked


def test_lookup_reads_txt_and_caa_records(server: NameServer) -> None:
    assert lookup.ask_name_servers("songuuli.ddns.net", "TXT", through(server)).records == ("one text",)
    found = lookup.ask_name_servers("songuuli.ddns.net", "CAA", through(server))
    assert found.records == ('0 issue "letsencrypt.org"',)


def test_lookup_distinguishes_missing_type_and_missing_name(server: NameServer) -> None:
    assert lookup.ask_name_servers("songuuli.ddns.net", "AAAA", through(server)).status == "none"
    assert lookup.ask_name_servers("nobody.ddns.net", "A", through(server)).status == "no name"


def test_lookup_follows_a_cname_into_another_zone(server: NameServer) -> None:
    found = lookup.ask_name_servers("www.example.org", "A", through(server))
    assert (found.name, found.records) == ("songuuli.ddns.net", ("11.22.33.44",))
    assert lookup.ask_name_servers("www.example.org", "AAAA", through(server)).status == "none"


def test_lookup_stops_in_an_endless_cname_chain(server: NameServer) -> None:
    found = lookup.ask_name_servers("round.example.org", "A", through(server))
    assert found.status == "no answer"
    assert "never ends" in found.reason


def test_lookup_rejects_answers_that_are_not_authoritative(server: NameServer) -> None:
    server.lame = True
    found = lookup.ask_name_servers("songuuli.ddns.net", "A", through(server))
    assert found.status == "no answer"
    assert "127.0.0.1 is not authoritative for the zone" in found.reason
    assert lookup.ask_resolvers("songuuli.ddns.net", "A", through(server)).records == ("11.22.33.44",)


def test_lookup_without_answer_names_the_servers(server: NameServer) -> None:
    server.silent = True
    found = lookup.ask_name_servers("songuuli.ddns.net", "A", through(server, seconds=0.1))
    assert not found.known
    assert found.reason == "No name server answered for songuuli.ddns.net (127.0.0.1 did not answer)."


def test_lookup_sees_a_change_immediately(server: NameServer) -> None:
    lookup.ask_name_servers("songuuli.ddns.net", "A", through(server))
    server.records["songuuli.ddns.net", "A"] = ["11.22.33.99"]
    assert lookup.ask_name_servers("songuuli.ddns.net", "A", through(server)).records == ("11.22.33.99",)


def test_lookup_of_an_invalid_name_has_no_answer(server: NameServer) -> None:
    assert lookup.ask_name_servers("a..b", "A", through(server)).status == "no answer"


def test_system_resolvers_include_public_ones() -> None:
    assert set(lookup.PUBLIC_RESOLVERS) <= set(lookup.system_resolvers().addresses)
