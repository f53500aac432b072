"""Build the URLs of the sites, for visitors from the Internet and at home."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from piwizard.answers.model import Answers
from piwizard.dns.points_here import is_public
from piwizard.engine.state import State
from piwizard.nginx.home_names import is_home_address
from piwizard.steps import registry
from piwizard.system.facts import Network

Sites = Mapping[str, Mapping[str, Any]]
"""The answers of all sites, by site."""


def internet_urls(answers: Answers) -> tuple[str, ...]:
    """Return the URLs of a site that the Internet can open, the main one first."""
    scheme = "https" if answers.get("tls.https") else "http"
    return tuple(_url(name, answers, scheme) for name in _names(answers) if is_public(name))


def home_urls(answers: Answers, address: str) -> tuple[str, ...]:
    """Return the URLs of a site that work at home only, that by local IP last.

    `address` is the local IP if it shows this site, else "".
    """
    names = [name for name in _names(answers) if not is_public(name)]
    local = [address] if address and _names(answers) else []
    return tuple(_url(host, answers, "http") for host in (*names, *local))


def shown_at_local_ip(site: str, sites: Sites, served: Container[str]) -> bool:
    """Return whether the local IP shows a site, at its path if it has one.

    `served`: the sites that nginx serves. All have the pattern of local IPs, and nginx takes the first file.
    """
    first = min((one for one, values in sites.items() if one in served and not values.get("site.path")), default="")
    if not first or not sites[site].get("site.path"):
        return site == first
    return set(sites[site].get("site.domains", ())) <= set(sites[first].get("site.domains", ()))


def served_sites(state: State, sites: Iterable[str]) -> set[str]:
    """Return the sites that were set up in nginx once."""
    steps = [step.name for step in registry.STEPS if step.serves_site]
    return {site for site in sites for step in steps if state.entry(step, site) is not None}


def local_ip(network: Network) -> str:
    """Return the local IPv4 that the sites answer; "" if it is not known."""
    found = network.address
    return found.address if found and found.family == 4 and is_home_address(found.address) else ""


def _names(answers: Answers) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answers.get("site.domains", ())))


def _url(host: str, answers: Answers, scheme: str) -> str:
    return f"{scheme}://{host}{answers.get('site.path', '')}"
