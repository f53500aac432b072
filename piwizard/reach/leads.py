"""Whether a name leads to this home: asked at its own name servers, held against the address others see us at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.machine.checks import Check
from piwizard.machine.remedies import Advice, Fix, RunCommand, Wait
from piwizard.reach import names
from piwizard.reach.names import Found, Resolvers
from piwizard.reach.outside import Outside

NO_CONNECTION = (
    Advice("Check this Pi's Internet connection."),
    Advice("Some networks block requests to other name servers than their own."),
)


def look(
    hostname: str, where: Outside, *, own_ipv6: Sequence[str], told: str | None, resolvers: Resolvers | None = None
) -> Iterator[Check]:
    """Both kinds of addresses of a name; `where` is this home's address.

    `told` is the address that a client last told the provider of the name.
    """
    kept = names.authoritative(hostname, "A", resolvers)
    seen = names.seen(hostname, "A", resolvers) if kept.status == "found" else kept
    yield judge_ipv4(hostname, kept, where, told, seen)
    yield judge_ipv6(hostname, names.authoritative(hostname, "AAAA", resolvers), own_ipv6)


def judge_ipv4(hostname: str, kept: Found, where: Outside, told: str | None, seen: Found) -> Check:
    """`kept` is what the name's own servers say, `seen` what a resolver says that may remember yesterday's."""
    led = ", ".join(kept.records)

    def check(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Check:
        return Check("name-points-here", f"{hostname} points to your public IP", ok, detail, cause, fix,
                     subject=hostname)  # fmt: skip

    if not kept.known:
        return check(ok=False, detail="unknown: its name servers do not answer", cause=kept.reason, fix=NO_CONNECTION)
    if kept.status == "no name":
        cause = "The provider has no such name, or has let it expire."
        fix: Fix = (Advice("Create the name at the provider, or correct it here."),)
        return check(ok=False, detail="there is no such name", cause=cause, fix=fix)
    if where.address is None:
        detail = f"points to {led or 'no address'}; your public IP is unknown"
        return check(ok=False, detail=detail, cause=where.reason, fix=NO_CONNECTION[:1])
    if kept.records == (where.address,):
        late = seen.known and seen.records != kept.records
        old = ", ".join(seen.records) or "no address"
        wait = f"; some networks remember {old} for up to {kept.ttl} s" if late else ""
        return check(ok=True, detail=f"points to {led}{wait}")
    detail = f"points to {led or 'no IPv4 address'}, but your public IP is {where.address}"
    if told == where.address:
        cause = "The provider has accepted the new address, but its name servers do not have it yet."
        fix = (Wait("a few minutes"), RunCommand("piwizard doctor", "to check again"))
        return check(ok=False, detail=detail, cause=cause, fix=fix)
    if len(kept.records) > 1 and where.address in kept.records:
        cause = "The name has more than one address: every other visit goes elsewhere."
        fix = (Advice("Remove the other A records at the provider."),)
        return check(ok=False, detail=detail, cause=cause, fix=fix)
    cause = "The DDNS client has not sent this address yet, or another client updates the same name."
    fix = (
        Wait("until the client has checked again"),
        RunCommand("journalctl -u ddclient -u noip-duc", "to see its log"),
    )
    return check(ok=False, detail=detail, cause=cause, fix=fix)


def judge_ipv6(hostname: str, kept: Found, own: Sequence[str]) -> Check:
    """An AAAA record that points elsewhere is the one that most visitors would use."""

    def check(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Check:
        return Check("name-ipv6-points-here", f"IPv6 of {hostname} points to this Pi", ok, detail, cause, fix,
                     subject=hostname)  # fmt: skip

    if not kept.known:
        return check(ok=False, detail="unknown: its name servers do not answer", cause=kept.reason, fix=NO_CONNECTION)
    if kept.status != "found":
        return check(ok=True, detail="no AAAA record")
    led = ", ".join(kept.records)
    if set(kept.records) <= set(own):
        return check(ok=True, detail=f"points to {led}")
    cause = (
        f"This Pi has {'the IPv6 address ' + ', '.join(own) if own else 'no public IPv6 address'}: the record is old, "
        "or that of another machine. Visitors with IPv6 go there, and certificates fail."
    )
    fix = (Advice("Remove the AAAA record at the provider, or set ddns.ipv6 = true if it can be updated."),)
    return check(ok=False, detail=f"points to {led}, which is not this Pi", cause=cause, fix=fix)
