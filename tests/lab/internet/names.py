"""Keep the DNS zones of the simulated Internet, which tests change at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType

IN = dns.rdataclass.IN
TTL = 60
PRIMARY, SECONDARY = "ns1.nameservers.net", "ns2.nameservers.net"

Records = dict[RdataType, dns.rrset.RRset]


@dataclass(frozen=True)
class Asked:
    """A DNS query that arrived."""

    at: float
    name: str
    type: str
    server: str
    peer: str


class Zones:
    """All authoritative zones.

    A name belongs to the longest zone it ends in; without one, a zone is made for its last two labels.
    """

    def __init__(self, zones: Iterable[str]) -> None:
        self._lock = threading.RLock()
        self._names: dict[Name, dict[Name, Records]] = {}
        self._faults: dict[Name, dns.rcode.Rcode | None] = {}
        self.asked: list[Asked] = []
        """All queries, oldest first."""
        for zone in zones:
            self.add(zone)

    def add(self, zone: str) -> None:
        """Add a zone, with an SOA and two name servers."""
        apex = _name(zone)
        with self._lock:
            if apex in self._names:
                return
            self._names[apex] = {}
            self.set(zone, "SOA", f"{PRIMARY}. hostmaster.{zone.rstrip('.')}. 1 3600 600 86400 60")
            self.set(zone, "NS", f"{PRIMARY}.", f"{SECONDARY}.")

    def set(self, name: str, type: str, *values: str, ttl: int = TTL) -> None:
        """Replace a name's records of a type: `set("a.ddns.net", "A", "11.22.33.44")`.

        Texts need no quotes.
        """
        kind = dns.rdatatype.from_text(type)
        texts = [f'"{value}"' if kind == dns.rdatatype.TXT and not value.startswith('"') else value for value in values]
        with self._lock:
            apex = self._zone_of(_name(name), make=True)
            assert apex is not None
            records = self._names[apex].setdefault(_name(name), {})
            records[kind] = dns.rrset.from_text_list(_name(name), ttl, IN, kind, texts)
            self._next_serial(apex)

    def remove(self, name: str, type: str | None = None) -> None:
        """Remove a name, or its records of a type."""
        with self._lock:
            apex = self._zone_of(_name(name))
            if apex is None:
                return
            records = self._names[apex].get(_name(name), {})
            kinds = list(records) if type is None else [dns.rdatatype.from_text(type)]
            for kind in kinds:
                records.pop(kind, None)
            if not records:
                self._names[apex].pop(_name(name), None)
            self._next_serial(apex)

    def get(self, name: str, type: str) -> list[str]:
        """Return a name's records of a type; texts come without quotes."""
        with self._lock:
            apex = self._zone_of(_name(name))
            found = self._names[apex].get(_name(name), {}) if apex is not None else {}
            rrset = found.get(dns.rdatatype.from_text(type))
            return [] if rrset is None else [rdata.to_text().strip('"') for rdata in rrset]

    def fail(self, name: str, rcode: str | None = "SERVFAIL") -> None:
        """Answer all questions for a name and below it with this code from now on.

        An empty code means no answer at all; None repairs the server.
        """
        with self._lock:
            if rcode is None:
                self._faults.pop(_name(name), None)
            else:
                self._faults[_name(name)] = dns.rcode.from_text(rcode) if rcode else None

    def answer(self, query: dns.message.Message, *, resolver: bool) -> dns.message.Message | None:
        """Return a name server's answer to a query; None is silence.

        Authoritative servers refuse names outside their zones. A resolver raises LookupError, and asks elsewhere.
        """
        response = dns.message.make_response(query, recursion_available=resolver)
        if len(query.question) != 1 or query.question[0].rdclass != IN:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        name, kind = query.question[0].name, query.question[0].rdtype
        with self._lock:
            for broken, rcode in self._faults.items():
                if name.is_subdomain(broken):
                    if rcode is None:
                        return None
                    response.set_rcode(rcode)
                    return response
            if self._zone_of(name) is None:
                if resolver:
                    raise LookupError(name)
                response.set_rcode(dns.rcode.REFUSED)
                return response
            if not resolver:
                response.flags |= dns.flags.AA
            self._fill(response, name, kind)
        return response

    def _fill(self, response: dns.message.Message, name: Name, kind: RdataType) -> None:
        for _ in range(8):  # aliases of aliases
            apex = self._zone_of(name)
            if apex is None:
                return
            names = self._names[apex]
            records = names.get(name)
            if records is None and not any(other.is_subdomain(name) for other in names):
                records = next((names[w] for w in _wildcards(name, apex) if w in names), None)
                if records is None:
                    response.set_rcode(dns.rcode.NXDOMAIN)
            found = [r for t, r in (records or {}).items() if kind in (t, dns.rdatatype.ANY)]
            alias = (records or {}).get(dns.rdatatype.CNAME)
            for rrset in found or ([alias] if alias else []):
                copied = rrset.copy()
                copied.name = name
                response.answer.append(copied)
            if found or not alias:
                if not found:
                    response.authority.append(names[apex][dns.rdatatype.SOA])
                return
            name = alias[0].target

    def _zone_of(self, name: Name, *, make: bool = False) -> Name | None:
        found = [apex for apex in self._names if name.is_subdomain(apex)]
        if found:
            return max(found, key=len)
        if not make:
            return None
        zone = Name(name.labels[-3:])
        self.add(zone.to_text())
        return zone

    def _next_serial(self, apex: Name) -> None:
        soa = self._names[apex].get(dns.rdatatype.SOA)
        if soa is not None:
            self._names[apex][dns.rdatatype.SOA] = dns.rrset.from_rdata(
                apex, soa.ttl, soa[0].replace(serial=soa[0].serial + 1)
            )

    def note(self, query: dns.message.Message, server: str, peer: str) -> None:
        """Keep a query for tests to read."""
        for question in query.question:
            kind = dns.rdatatype.to_text(question.rdtype)
            name = question.name.to_text(omit_final_dot=True)
            self.asked.append(Asked(time.time(), name.lower(), kind, server, peer))


def _name(text: str) -> Name:
    return dns.name.from_text(text.lower())


def _wildcards(name: Name, apex: Name) -> Iterable[Name]:
    while name != apex:
        name = name.parent()
        yield Name((b"*", *name.labels))
