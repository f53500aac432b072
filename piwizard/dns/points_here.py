"""Whether a name leads to this home: asked at its own name servers, held against the address others see us at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.dns import lookup
from piwizard.dns.lookup import LookupResult, Resolvers
from piwizard.network.public_ip import Outside
from piwizard.system.checks import Check


def look(
    hostname: str, where: Outside, *, own_ipv6: Sequence[str], told: str | None, resolvers: Resolvers | None = None
) -> Iterator[Check]:
    """Both kinds of addresses of a name; `where` is this home's address.

    `told` is the address that a client last told the provider of the name.
    """
    kept = lookup.authoritative(hostname, "A", resolvers)
    seen = lookup.seen(hostname, "A", resolvers) if kept.status == "found" else kept
    yield judge_ipv4(hostname, kept, where, told, seen)
    yield judge_ipv6(hostname, lookup.authoritative(hostname, "AAAA", resolvers), own_ipv6)


def judge_ipv4(hostname: str, kept: LookupResult, where: Outside, told: str | None, seen: LookupResult) -> Check:
    """`kept` is what the name's own servers say, `seen` what a resolver says that may remember yesterday's."""
    title = f"name {hostname}"
    led = ", ".join(kept.records)
    if not kept.known:
        mend = "Look whether this machine has a connection; some networks let nobody ask name servers of their own."
        return Check(title, False, "its name servers do not answer", kept.reason, mend)
    if kept.status == "no name":
        cause = "The provider of the name has none of this spelling, or has let it go."
        return Check(title, False, "there is no such name", cause, "Make the name at the provider, or correct it here.")
    if where.address is None:
        detail = f"leads to {led or 'nowhere'}; whether that is here cannot be told"
        return Check(title, False, detail, where.reason, "Look whether this machine has a connection.")
    if kept.records == (where.address,):
        late = seen.known and seen.records != kept.records
        wait = f"; some networks remember {', '.join(seen.records) or 'nothing'} for up to {kept.ttl} s" if late else ""
        return Check(title, True, f"leads to {led}, this home's address{wait}")
    detail = f"leads to {led or 'no IPv4 address'}; this home is at {where.address}"
    if told == where.address:
        cause = "The provider has accepted the new address, and its name servers do not give it yet."
        return Check(title, False, detail, cause, "Wait a few minutes, then look again with `piwizard doctor`.")
    if len(kept.records) > 1 and where.address in kept.records:
        cause = "The name has more than one address: visitors are led elsewhere every other time."
        return Check(title, False, detail, cause, "Remove the other A records at the provider of the name.")
    cause = "The client has not told the provider of this address, or somebody else updates the same name."
    mend = "Wait until it has looked again; then `journalctl -u ddclient -u noip-duc` has its words."
    return Check(title, False, detail, cause, mend)


def judge_ipv6(hostname: str, kept: LookupResult, own: Sequence[str]) -> Check:
    """An AAAA record that leads elsewhere is the one that most visitors would take."""
    title = f"IPv6 of {hostname}"
    if not kept.known:
        mend = "Look whether this machine has a connection; some networks let nobody ask name servers of their own."
        return Check(title, False, "cannot be checked: its name servers do not answer", kept.reason, mend)
    if kept.status != "found":
        return Check(title, True, "none")
    led = ", ".join(kept.records)
    if set(kept.records) <= set(own):
        return Check(title, True, f"leads to {led}, this machine")
    cause = (
        f"This machine has the IPv6 {'address ' + ', '.join(own) if own else 'address of no network'}: the record is "
        "from before, or from another machine. Visitors with IPv6 are led there, and certificates fail."
    )
    mend = "Remove the AAAA record of the name at its provider, or set ddns.ipv6 = true where it can be updated."
    return Check(title, False, f"leads to {led}, which is not this machine", cause, mend)
