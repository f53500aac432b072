"""Names, asked where they are kept: at their zone's own name servers, so that no cache tells of yesterday."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.rrset import RRset

Type = Literal["A", "AAAA", "CAA", "SOA", "TXT"]
PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
MOST_CNAMES = 8
MOST_SERVERS = 4
"""Asked for one zone: more of them have never said anything else."""


@dataclass(frozen=True)
class Resolvers:
    """Who is asked for the way to a zone, and how long. Name servers of zones are asked at the same port."""

    addresses: tuple[str, ...]
    port: int = 53
    seconds: float = 2.0
    """For one question to one server."""
    patience: float = 10.0
    """For one answer altogether."""


@dataclass(frozen=True)
class LookupResult:
    """What was found for a name. `records` as in a zone file, but for TXT, which is the text itself.

    "found": there are records. "none": the name is there, and has none of this type. "no name": there is no such
    name. "no answer": nobody could be asked; `reason` says why, in a sentence.
    """

    status: Literal["found", "none", "no name", "no answer"]
    records: tuple[str, ...] = ()
    name: str = ""
    """The last name of the chain, where CNAMEs lead elsewhere."""
    servers: tuple[str, ...] = ()
    """The addresses of those who answered."""
    ttl: int = 0
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody answered at all."""
        return self.status != "no answer"


def of_system() -> Resolvers:
    """The resolvers that this machine uses, and then public ones."""
    from dns.exception import DNSException
    from dns.resolver import Resolver

    try:
        own = tuple(str(server) for server in Resolver().nameservers)
    except (DNSException, OSError):  # no resolv.conf, or an empty one
        own = ()
    return Resolvers(tuple(dict.fromkeys((*own, *PUBLIC))))


def authoritative(name: str, type: Type, resolvers: Resolvers | None = None) -> LookupResult:
    """What the name servers of the name's own zone say of it. CNAMEs are followed, also into other zones."""
    return _guarded(name, type, resolvers, _Asking.authoritative)


def seen(name: str, type: Type, resolvers: Resolvers | None = None) -> LookupResult:
    """What a resolver says of the name: what this machine's neighbours get, cached as it may be."""
    return _guarded(name, type, resolvers, _Asking.seen)


def _guarded(name: str, type: Type, resolvers: Resolvers | None, ask: _Ask) -> LookupResult:
    from dns.exception import DNSException
    from dns.name import from_text

    try:
        return ask(_Asking(resolvers or of_system()), from_text(name), type)
    except _Nobody as error:
        return LookupResult("no answer", name=name, reason=str(error))
    except (DNSException, ValueError) as error:
        return LookupResult("no answer", name=name, reason=f"{name} cannot be asked for: {error}")


class _Nobody(Exception):
    """Nobody answered; the text is a sentence for a person."""


class _Asking:
    """One search for one answer, within one time limit."""

    def __init__(self, resolvers: Resolvers) -> None:
        self._resolvers = resolvers
        self._until = time.monotonic() + resolvers.patience

    def authoritative(self, name: Name, type: Type) -> LookupResult:
        """See the function of that name."""
        for _ in range(MOST_CNAMES):
            servers = self._servers(self._zone(name))
            if not servers:
                raise _Nobody(f"The name servers of {_text(name)} have no address.")
            answer, server = self._first(servers, name, type, recursive=False)
            found = _read(answer, name, type, server)
            if isinstance(found, LookupResult):
                return found
            name = found
        raise _Nobody(f"{_text(name)} is one of a chain of names that never ends.")

    def seen(self, name: Name, type: Type) -> LookupResult:
        """See the function of that name."""
        for _ in range(MOST_CNAMES):
            answer, server = self._first(self._resolvers.addresses, name, type, recursive=True)
            found = _read(answer, name, type, server)
            if isinstance(found, LookupResult):
                return found
            name = found
        raise _Nobody(f"{_text(name)} is one of a chain of names that never ends.")

    def _zone(self, name: Name) -> Name:
        """The nearest name above that has name servers of its own."""
        zone = name
        while len(zone.labels) > 1:
            answer, _ = self._first(self._resolvers.addresses, zone, "SOA", recursive=True)
            if any(_is(rrset, "SOA") and rrset.name == zone for rrset in answer.answer):
                return zone
            zone = zone.parent()
        raise _Nobody(f"There is no zone that {_text(name)} belongs to.")

    def _servers(self, zone: Name) -> list[str]:
        answer, _ = self._first(self._resolvers.addresses, zone, "NS", recursive=True)
        names = [record.target for rrset in answer.answer if _is(rrset, "NS") for record in rrset]
        found: list[str] = []
        for type in ("A", "AAAA"):  # a server without IPv4 is rare, a home without IPv6 is not
            for name in names[:MOST_SERVERS]:
                answer, _ = self._first(self._resolvers.addresses, name, type, recursive=True)
                found += [record.address for rrset in answer.answer if _is(rrset, type) for record in rrset]
            if found:
                break
        return found[:MOST_SERVERS]

    def _first(self, servers: tuple[str, ...] | list[str], name: Name, type: str, *, recursive: bool) -> _Answer:
        """The first useful answer, and who gave it."""
        refusals: list[str] = []
        for server, answer in self._each(servers, name, type, recursive=recursive):
            if isinstance(answer, str):
                refusals.append(f"{server} {answer}")
            else:
                return answer, server
        raise _Nobody(f"No name server answered for {_text(name)} ({'; '.join(refusals) or 'nobody to ask'}).")

    def _each(
        self, servers: tuple[str, ...] | list[str], name: Name, type: str, *, recursive: bool
    ) -> Iterator[tuple[str, Message | str]]:
        from dns import flags, message, query, rcode
        from dns.exception import DNSException, Timeout

        wanted = message.make_query(name, type, use_edns=0, payload=1232)
        if not recursive:
            wanted.flags &= ~flags.RD
        for server in servers:
            left = min(self._resolvers.seconds, self._until - time.monotonic())
            if left <= 0:
                return
            try:
                answer, _ = query.udp_with_fallback(wanted, server, timeout=left, port=self._resolvers.port)
            except Timeout:
                yield server, "did not answer"
            except (DNSException, OSError, ValueError) as error:
                yield server, f"cannot be asked: {error}"
            else:
                useful = answer.rcode() in (rcode.NOERROR, rcode.NXDOMAIN)
                if not useful:
                    yield server, f"said {rcode.to_text(answer.rcode())}"
                elif not recursive and not answer.flags & flags.AA:
                    yield server, "does not keep the zone"
                else:
                    yield server, answer


def _read(answer: Message, name: Name, type: Type, server: str) -> LookupResult | Name:
    """What an answer says; the name to ask for next where it ends in a CNAME."""
    from dns.rcode import NXDOMAIN

    begin = name
    for _ in range(MOST_CNAMES):
        for rrset in answer.answer:
            if rrset.name == name and _is(rrset, type):
                records = tuple(_record(record, type) for record in rrset)
                return LookupResult("found", records, _text(name), (server,), rrset.ttl)
        target = next((rrset[0].target for rrset in answer.answer if rrset.name == name and _is(rrset, "CNAME")), None)
        if target is None:
            break
        name = target
    if name != begin:
        return name
    return LookupResult("no name" if answer.rcode() == NXDOMAIN else "none", name=_text(name), servers=(server,))


def _record(record: object, type: Type) -> str:
    strings = getattr(record, "strings", None)
    if type == "TXT" and strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    return str(record)


def _is(rrset: RRset, type: str) -> bool:
    from dns.rdatatype import from_text

    return rrset.rdtype == from_text(type)


def _text(name: Name) -> str:
    return name.to_text(omit_final_dot=True)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Answer = tuple[Message, str]
    _Ask = Callable[["_Asking", Name, Type], LookupResult]
