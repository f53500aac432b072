"""Check that a host name points to this Pi."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Literal

from piwizard.dns import lookup
from piwizard.dns.forwarded_here import forwards_here
from piwizard.dns.lookup import LookupResult, Resolvers
from piwizard.nginx.home_names import HOME_ENDINGS
from piwizard.system import commands
from piwizard.system.checks import Check
from piwizard.system.facts import Interface
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Advice, Fix, RunCommand, WaitUntil

LOCAL_ENDINGS = (*HOME_ENDINGS, ".test", ".example", ".invalid")
"""Endings of names that no name server on the Internet has."""
GETENT_TIMEOUT_SECONDS = 5.0
NO_CONNECTION = Advice("Check this Pi's Internet connection.")
BLOCKED = Advice("Some networks allow only their own name servers: try another network.")

Verdict = Literal["here", "elsewhere", "partly", "no name", "no address", "no answer", "own address unknown"]


@dataclass(frozen=True)
class Pointing:
    """The A or AAAA records of a host, compared with the public addresses of this Pi."""

    host: str
    type: Literal["A", "AAAA"]
    verdict: Verdict
    found: LookupResult
    own: tuple[str, ...] = ()

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Return the addresses that are not ours; none if ours are unknown."""
        unknown = self.verdict == "own address unknown"
        return () if unknown else tuple(one for one in self.found.records if one not in self.own)


def compare(host: str, type: Literal["A", "AAAA"], found: LookupResult, own: Collection[str] | None) -> Pointing:
    """Compare the records of a host with our addresses; `own` is None if unknown."""
    ours = tuple(sorted(own or ()))
    if not found.known:
        return Pointing(host, type, "no answer", found, ours)
    if not found.records:
        return Pointing(host, type, "no name" if found.status == "no name" else "no address", found, ours)
    if own is None:
        return Pointing(host, type, "own address unknown", found)
    others = [one for one in found.records if one not in own]
    verdict: Verdict = "here" if not others else "partly" if len(others) < len(found.records) else "elsewhere"
    return Pointing(host, type, verdict, found, ours)


def is_public(host: str) -> bool:
    """Return whether name servers on the Internet can know a host name."""
    return "." in host and not host.endswith(LOCAL_ENDINGS)


def own_addresses(version: Literal[4, 6], interfaces: Iterable[Interface], public_ip: str | None) -> frozenset[str]:
    """Return the public addresses of this Pi, with the router's for IPv4."""
    found = {one.address for each in interfaces for one in each.addresses if one.family == version}
    direct = {one for one in found if ipaddress.ip_address(one).is_global}
    return frozenset(direct | ({public_ip} if public_ip and version == 4 else set()))


def check_host(
    host: str,
    interfaces: Iterable[Interface],
    public_ip: str | None,
    unknown: str = "",
    *,
    sent: str | None = None,
    resolvers: Resolvers | None = None,
    forwards: Callable[[str, Iterable[str]], bool] = forwards_here,
) -> Iterator[Check]:
    """Check the A and AAAA records at the name's own name servers.

    `unknown` says why the public IP is not known. `sent` is the address that a DDNS client last sent to the provider.
    `forwards` finds out if other addresses, such as a proxy's, forward requests to this Pi.
    """
    interfaces = list(interfaces)
    kept = lookup.ask_name_servers(host, "A", resolvers)
    cached = lookup.ask_resolvers(host, "A", resolvers) if kept.status == "found" else kept
    own = own_addresses(4, interfaces, public_ip) if public_ip else None
    pointing = compare(host, "A", kept, own)
    check = check_ipv4(pointing, unknown, sent, cached)
    proxied = pointing.verdict == "elsewhere" and forwards(host, pointing.elsewhere)
    yield _forwarded(check) if proxied else check
    six = compare(host, "AAAA", lookup.ask_name_servers(host, "AAAA", resolvers), own_addresses(6, interfaces, None))
    check = check_ipv6(six)
    # Without an address of our own, IPv6 is the proxy's alone.
    yield _forwarded(check) if proxied and six.verdict == "elsewhere" else check


def _forwarded(check: Check) -> Check:
    """Return a check of an address that is not ours but forwards requests to this Pi."""
    detail = f"{check.detail}; requests arrive here all the same, as through a proxy or a VPN"
    return replace(check, ok=True, detail=detail, cause="", fix=())


def check_ipv4(pointing: Pointing, unknown: str, sent: str | None, cached: LookupResult) -> Check:
    """Return the check of A records; `cached` is the answer of a resolver."""
    found = pointing.found
    addresses, ours = ", ".join(found.records), " and ".join(pointing.own)

    def check(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Check:
        return _check(pointing.host, ok=ok, detail=detail, cause=cause, fix=fix)

    match pointing.verdict:
        case "no answer":
            detail = "unknown: its name servers do not answer"
            return check(ok=False, detail=detail, cause=found.reason, fix=(NO_CONNECTION, BLOCKED))
        case "no name":
            cause = "The provider does not have this name, or it expired."
            fix: Fix = (Advice("Create the name at the provider, or correct it in the answers."),)
            return check(ok=False, detail="the name does not exist", cause=cause, fix=fix)
        case "own address unknown":
            detail = f"points to {addresses}; your public IP is unknown"
            return check(ok=False, detail=detail, cause=unknown, fix=(NO_CONNECTION,))
        case "here":
            old = ", ".join(cached.records) or "no address"
            late = f"; some networks cache {old} for up to {found.ttl} s" if cached.records != found.records else ""
            return check(ok=True, detail=f"points to {addresses}{late if cached.known else ''}")
    detail = f"points to {addresses or 'no IPv4 address'}, but your public IP is {ours or 'unknown'}"
    if sent in pointing.own:
        cause = "The provider accepted the new address, but its name servers do not have it yet."
        fix = (WaitUntil("a few minutes"), RunCommand("piwizard doctor", "to check again"))
        return check(ok=False, detail=detail, cause=cause, fix=fix)
    if pointing.verdict == "partly":
        cause = "The name has more than one address, so some visitors reach another machine."
        return check(ok=False, detail=detail, cause=cause, fix=(Advice("Remove the other A records at the provider."),))
    cause = "The DDNS client has not sent this address yet, or another client updates the same name."
    fix = (
        WaitUntil("until the client has checked again"),
        RunCommand("journalctl -u ddclient -u noip-duc", "to see its log"),
    )
    return check(ok=False, detail=detail, cause=cause, fix=fix)


def check_ipv6(pointing: Pointing) -> Check:
    """Return the check of AAAA records, which most visitors use first."""
    found, addresses = pointing.found, ", ".join(pointing.found.records)

    def check(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Check:
        return Check("name-ipv6-points-here", f"IPv6 of {pointing.host} points to this Pi", ok, detail, cause, fix,
                     subject=pointing.host)  # fmt: skip

    match pointing.verdict:
        case "no answer":
            detail = "unknown: its name servers do not answer"
            return check(ok=False, detail=detail, cause=found.reason, fix=(NO_CONNECTION, BLOCKED))
        case "no name" | "no address":
            return check(ok=True, detail="no AAAA record")
        case "here":
            return check(ok=True, detail=f"points to {addresses}")
    ours = f"the IPv6 address {', '.join(pointing.own)}" if pointing.own else "no public IPv6 address"
    cause = (
        f"This Pi has {ours}: the record is outdated or belongs to another machine. Visitors with IPv6 cannot reach "
        "this Pi, and certificate requests fail."
    )
    fix = (Advice("Remove the AAAA record at the provider, or set ddns.ipv6 = true if it can be updated."),)
    return check(ok=False, detail=f"points to {addresses}, which is not this Pi", cause=cause, fix=fix)


def check_local(host: str, addresses: Collection[str], own: Collection[str]) -> Check | None:
    """Return the check of a name that resolves only to local IPs, else None.

    `addresses` come from the resolver of this Pi: /etc/hosts or the router may give a name a local IP.
    """
    if not addresses:
        cause = "No name server knows this name yet, or this Pi has no Internet connection."
        fix = (Advice("Create the name at your DDNS provider, or correct site.domains."),)
        return _check(host, ok=False, detail="no address is known", cause=cause, fix=fix)
    if any(ipaddress.ip_address(one.partition("%")[0]).is_global for one in addresses):
        return None
    here = [one for one in addresses if ipaddress.ip_address(one.partition("%")[0]).is_loopback]
    pointing = compare(host, "A", LookupResult("found", tuple(addresses)), {*own, *here})
    if pointing.verdict == "here":
        return _check(host, ok=True, detail="points to this Pi in your home network")
    cause = f"{pointing.elsewhere[0]} is a local IP, but not the one of this Pi ({', '.join(own) or 'none'})."
    fix = (Advice("Make the name point to your public IP, or reserve that address for this Pi in the router."),)
    return _check(host, ok=False, detail=f"points to {', '.join(addresses)}", cause=cause, fix=fix)


def resolve_locally(host: str) -> list[str]:
    """Return the addresses of a name from the system resolver of this Pi."""
    result = commands.run(("getent", "ahosts", host), timeout=GETENT_TIMEOUT_SECONDS)
    return list(dict.fromkeys(line.split()[0] for line in result.output.splitlines() if line.strip()))


def _check(host: str, *, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Check:
    return Check("name-points-here", f"{host} points to this Pi", ok, detail, cause, fix, subject=host)
