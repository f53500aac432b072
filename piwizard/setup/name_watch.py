"""Check the domains of all sites, and notice soon that one points elsewhere.

A complete check needs several requests; whether anything has changed takes one lookup for each domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from piwizard.answers.model import AnswersFile
from piwizard.dns import lookup
from piwizard.dns.host_names import check_names
from piwizard.dns.lookup import Resolvers
from piwizard.dns.points_here import is_public
from piwizard.setup.health_timer import Problem, problem_from
from piwizard.system.facts import Network

MAX_NAMES = 10
LOOKUP_SECONDS = 5.0
"""The longest time for one lookup; without an answer, the other names are not looked up either."""
Records = Mapping[str, tuple[str, ...]]
"""The addresses of each domain."""


def public_domains(answers: AnswersFile) -> list[str]:
    """Return the domains of all sites that name servers on the Internet know."""
    found = (name for site in answers.sites for name in answers.of(site).values.get("site.domains", ()))
    return list(dict.fromkeys(filter(is_public, found)))[:MAX_NAMES]


def look_up_names(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the IPv4 addresses of these names; names without an answer are missing."""
    own = lookup.system_resolvers()
    resolvers = Resolvers(own.addresses, own.port, lifetime_seconds=LOOKUP_SECONDS)
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        result = lookup.ask_name_servers(name, "A", resolvers)
        if not result.known:
            break
        found[name] = tuple(sorted(result.records))
    return found


def moved_names(before: Records, now: Records) -> set[str]:
    """Return the names with other addresses than before."""
    return {name for name, addresses in now.items() if before.get(name, addresses) != addresses}


def name_problems(names: Iterable[str], network: Network) -> list[Problem]:
    """Check completely whether these names point here, and return the failed checks."""
    failed = [check for check in check_names(names, network, local=True) if not check.ok]
    return [problem_from(f"domains/{one.id}/{one.subject}", "domains", one, beyond=True) for one in failed]
