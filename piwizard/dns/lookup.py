"""Look up DNS records at the name servers of their zone, past all caches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.resolver import Resolver
    from dns.rrset import RRset

Type = Literal["A", "AAAA", "CAA", "SOA", "TXT"]
PUBLIC_RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
MAX_CNAMES = 8
MAX_NAME_SERVERS = 4
"""Name servers queried for one zone: more of them do not change the answer."""


@dataclass(frozen=True)
class Resolvers:
    """The resolvers to use, with timeouts.

    Name servers of zones are queried at the same port.
    """

    addresses: tuple[str, ...]
    port: int = 53
    timeout_seconds: float = 2.0
    """For one query to one server."""
    lifetime_seconds: float = 10.0
    """For one lookup in all."""


@dataclass(frozen=True)
class LookupResult:
    """The records of a name, in the format of a zone file; for TXT the text itself.

    "found": records exist. "none": the name exists, but has no record of this type. "no name": the name does not
    exist. "no answer": no server answered; `reason` says why, in a sentence.
    """

    status: Literal["found", "none", "no name", "no answer"]
    records: tuple[str, ...] = ()
    name: str = ""
    """The last name of the CNAME chain."""
    servers: tuple[str, ...] = ()
    """The addresses of the servers that answered."""
    ttl: int = 0
    reason: str = ""

    @property
    def known(self) -> bool:
        """Return whether any server answered."""
        return self.status != "no answer"


def system_resolvers() -> Resolvers:
    """Return the resolvers of this machine, followed by public ones."""
    from dns.exception import DNSException
    from dns.resolver import Resolver

    try:
        own = tuple(str(server) for server in Resolver().nameservers)
    except (DNSException, OSError):  # no resolv.conf, or an empty one
        own = ()
    return Resolvers(tuple(dict.fromkeys((*own, *PUBLIC_RESOLVERS))))


def ask_name_servers(name: str, type: Type, resolvers: Resolvers | None = None) -> LookupResult:
    """Look up a name at the name servers of its zone; follow CNAMEs into other zones."""
    return _look_up(name, type, resolvers, _Lookup.ask_name_servers)


def ask_resolvers(name: str, type: Type, resolvers: Resolvers | None = None) -> LookupResult:
    """Look up a name at resolvers, whose caches may have an old answer."""
    return _look_up(name, type, resolvers, _Lookup.ask_resolvers)


def _look_up(name: str, type: Type, resolvers: Resolvers | None, ask: _Ask) -> LookupResult:
    from dns.exception import DNSException
    from dns.name import from_text
    from dns.resolver import LifetimeTimeout, NoNameservers

    try:
        lookup, query = _Lookup(resolvers or system_resolvers()), from_text(name)
        for _ in range(MAX_CNAMES):
            found = ask(lookup, query, type)
            if isinstance(found, LookupResult):
                return found
            query = found
        reason = f"{name} is part of a CNAME chain that never ends."
    except _NoAnswer as error:
        reason = str(error)
    except (LifetimeTimeout, NoNameservers) as error:
        # dnspython names a server "Do53:1.1.1.1@53".
        failures = [
            (one[0].removeprefix("Do53:").rpartition("@")[0], one[4] or one[3]) for one in error.kwargs["errors"]
        ]
        reason = _describe_failures(name, failures)
    except (DNSException, ValueError) as error:
        reason = f"{name} cannot be looked up: {error}"
    return LookupResult("no answer", name=name, reason=reason)


class _NoAnswer(Exception):
    """No server answered; the text is a sentence."""


class _Lookup:
    """One lookup within one time limit. Each step returns a result, or the name that a CNAME points to."""

    def __init__(self, resolvers: Resolvers) -> None:
        from dns.resolver import Resolver

        self._resolver = Resolver(configure=False)
        self._resolver.nameservers = list(resolvers.addresses)
        self._resolver.port, self._resolver.timeout = resolvers.port, resolvers.timeout_seconds
        self._until = time.monotonic() + resolvers.lifetime_seconds

    def ask_resolvers(self, name: Name, type: Type) -> LookupResult | Name:
        """Ask the resolvers for a name."""
        from dns.resolver import NXDOMAIN

        try:
            answer = self._timed().resolve(name, type, raise_on_no_answer=False)
        except NXDOMAIN as error:
            return LookupResult("no name", name=_text(error.canonical_name))
        return _result(answer.response, type, str(answer.nameserver), name)

    def ask_name_servers(self, name: Name, type: Type) -> LookupResult | Name:
        """Ask the name servers of the zone of a name."""
        from dns.name import root
        from dns.resolver import NoRootSOA, zone_for_name

        try:
            zone = zone_for_name(name, resolver=self._timed())
        except NoRootSOA:
            zone = root
        if zone == root:
            raise _NoAnswer(f"No DNS zone contains {_text(name)}.")
        servers = self._find_name_servers(zone)
        if not servers:
            raise _NoAnswer(f"The name servers of {_text(name)} have no address.")
        failures: list[tuple[str, object]] = []
        for server, answer in self._query_each(servers, name, type):
            if not isinstance(answer, Exception | str):
                return _result(answer, type, server, name)
            failures.append((server, answer))
        raise _NoAnswer(_describe_failures(_text(name), failures))

    def _timed(self) -> Resolver:
        """Return the resolver with the time that is left."""
        self._resolver.lifetime = max(0.0, self._until - time.monotonic())
        return self._resolver

    def _find_name_servers(self, zone: Name) -> list[str]:
        from dns.resolver import NXDOMAIN, NoNameservers

        names = [record.target for record in self._timed().resolve(zone, "NS", raise_on_no_answer=False).rrset or ()]
        found: list[str] = []
        for type in ("A", "AAAA"):  # name servers without IPv4 are rare, homes without IPv6 are not
            for name in names[:MAX_NAME_SERVERS]:
                try:
                    answer = self._timed().resolve(name, type, raise_on_no_answer=False)
                except (NXDOMAIN, NoNameservers):
                    continue
                found += [record.address for record in answer.rrset or ()]
            if found:
                break
        return found[:MAX_NAME_SERVERS]

    def _query_each(
        self, servers: Sequence[str], name: Name, type: Type
    ) -> Iterator[tuple[str, Message | Exception | str]]:
        """Query the servers of a zone in turn; yield an authoritative answer, or what is wrong."""
        from dns import flags, message, query, rcode
        from dns.exception import DNSException

        wanted = message.make_query(name, type, use_edns=0, payload=1232, flags=0)
        for server in servers:
            left = min(self._resolver.timeout, self._until - time.monotonic())
            if left <= 0:
                return
            try:
                answer, _ = query.udp_with_fallback(wanted, server, timeout=left, port=self._resolver.port)
            except (DNSException, OSError, ValueError) as error:
                yield server, error
                continue
            if answer.rcode() not in (rcode.NOERROR, rcode.NXDOMAIN):
                yield server, f"returned {rcode.to_text(answer.rcode())}"
            elif not answer.flags & flags.AA:
                yield server, "is not authoritative for the zone"
            else:
                yield server, answer


def _result(answer: Message, type: Type, server: str, asked: Name) -> LookupResult | Name:
    """Return the result in an answer, or the name that its last CNAME points to."""
    from dns.message import QueryMessage
    from dns.rcode import NXDOMAIN

    if not isinstance(answer, QueryMessage):
        raise _NoAnswer(f"{server} sent an answer to another question.")
    chain = answer.resolve_chaining()
    if chain.answer is not None:
        name, records = _text(chain.canonical_name), _records(chain.answer, type)
        return LookupResult("found", records, name, (server,), chain.answer.ttl)
    if chain.canonical_name != asked:
        return chain.canonical_name
    return LookupResult("no name" if answer.rcode() == NXDOMAIN else "none", name=_text(asked), servers=(server,))


def _records(rrset: RRset, type: Type) -> tuple[str, ...]:
    if type == "TXT":
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in rrset)
    return tuple(str(record) for record in rrset)


def _describe_failures(name: str, failures: Sequence[tuple[str, object]]) -> str:
    from dns.exception import Timeout
    from dns.message import Message
    from dns.rcode import to_text

    def describe(failure: object) -> str:
        if isinstance(failure, Message):
            return f"returned {to_text(failure.rcode())}"
        if isinstance(failure, Timeout):
            return "did not answer"
        return failure if isinstance(failure, str) else f"cannot be queried: {failure}"

    listed = dict.fromkeys(f"{server} {describe(failure)}" for server, failure in failures)
    return f"No name server answered for {name} ({'; '.join(listed) or 'no server to query'})."


def _text(name: Name) -> str:
    return name.to_text(omit_final_dot=True)


if TYPE_CHECKING:
    _Ask = Callable[["_Lookup", Name, Type], LookupResult | Name]
