"""Whether a site's names lead anywhere, and to this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from piwizard.doctor.finding import Finding
from piwizard.system import commands

AT_HOME = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost", ".test", ".example", ".invalid")
"""Names that only the network at home knows, and perhaps not this machine."""
PATIENCE = 5.0


def look(domains: Iterable[str], site: str, own: Sequence[str]) -> list[Finding]:
    """One finding a name; `own` are the addresses of this machine."""
    public = [domain for domain in domains if "." in domain and not domain.endswith(AT_HOME)]
    return [judge(domain, site, _ask(domain), own) for domain in public]


def judge(domain: str, site: str, found: Sequence[str], own: Sequence[str]) -> Finding:
    """What the addresses of a name mean."""
    name = f"name {domain}"
    if not found:
        cause = "Nobody on the Internet knows this name yet, or this machine has no connection."
        mend = "Make the name at your provider of dynamic DNS, or correct site.domains."
        return Finding(name, "site", site, False, "no address is known", cause, mend)
    led = ", ".join(found)
    elsewhere = [one for one in found if one not in own and _at_home(one)]
    if elsewhere:
        cause = f"{elsewhere[0]} is an address at home, and not the one of this machine ({', '.join(own) or 'none'})."
        mend = (
            "Let the name lead to the router's public address, or reserve that address in the router for this machine."
        )
        return Finding(name, "site", site, False, f"leads to {led}", cause, mend)
    here = all(one in own or ipaddress.ip_address(one).is_loopback for one in found)
    return Finding(name, "site", site, True, f"leads to {'this machine' if here else led}")


def _ask(domain: str) -> list[str]:
    """The addresses of a name, as every program of this machine finds them."""
    result = commands.run(("getent", "ahosts", domain), timeout=PATIENCE)
    return list(dict.fromkeys(line.split()[0] for line in result.output.splitlines() if line.strip()))


def _at_home(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return parsed.is_private and not parsed.is_loopback
