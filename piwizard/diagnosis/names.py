"""Whether a site's names lead anywhere, and to this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from piwizard.diagnosis.findings import Finding
from piwizard.machine import commands
from piwizard.machine.remedies import Advice, Fix

AT_HOME = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost", ".test", ".example", ".invalid")
"""Names that only the network at home knows, and perhaps not this machine."""
PATIENCE = 5.0


def look(domains: Iterable[str], site: str, own: Sequence[str]) -> list[Finding]:
    """One finding a name; `own` are the addresses of this machine."""
    public = [domain for domain in domains if "." in domain and not domain.endswith(AT_HOME)]
    return [judge(domain, site, _ask(domain), own) for domain in public]


def judge(domain: str, site: str, found: Sequence[str], own: Sequence[str]) -> Finding:
    """What the addresses of a name mean."""
    kind = ("name-points-here", f"{domain} points to this Pi")

    def finding(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
        return Finding(*kind, ok, detail, cause, fix, subject=domain, step="site", site=site)

    if not found:
        cause = "No name server knows this name yet, or this Pi has no Internet connection."
        fix = (Advice("Create the name at your DDNS provider, or correct site.domains."),)
        return finding(ok=False, detail="no address is known", cause=cause, fix=fix)
    led = ", ".join(found)
    elsewhere = [one for one in found if one not in own and _at_home(one)]
    if elsewhere:
        cause = f"{elsewhere[0]} is a local IP, but not the one of this Pi ({', '.join(own) or 'none'})."
        fix = (Advice("Let the name point to your public IP, or reserve that address for this Pi in the router."),)
        return finding(ok=False, detail=f"points to {led}", cause=cause, fix=fix)
    here = all(one in own or ipaddress.ip_address(one).is_loopback for one in found)
    return finding(ok=True, detail=f"points to {'this Pi' if here else led}")


def _ask(domain: str) -> list[str]:
    """The addresses of a name, as every program of this machine finds them."""
    result = commands.run(("getent", "ahosts", domain), timeout=PATIENCE)
    return list(dict.fromkeys(line.split()[0] for line in result.output.splitlines() if line.strip()))


def _at_home(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return parsed.is_private and not parsed.is_loopback
