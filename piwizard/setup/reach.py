"""Decide who can open a site, at home or on the Internet, and what that needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from piwizard.answers.model import Answers
from piwizard.dns.ddns_account import credential_keys
from piwizard.dns.points_here import is_public
from piwizard.dns.providers import PROVIDERS, Provider, owner_of
from piwizard.steps.registry import step_named
from piwizard.steps.router import BY_HAND
from piwizard.steps.step import Stage, Step
from piwizard.system.lazy_dataclass import dataclass

FORWARD = "router.forward"


class Audience(Enum):
    """The people who can open a site."""

    HOME = "home"
    INTERNET = "internet"


@dataclass(frozen=True)
class ReachAnswer:
    """An answer to write; the value None removes it."""

    key: str
    value: Any


def is_for_internet(step: Step) -> bool:
    """Return whether a site for the home network does not need a step."""
    return step.from_outside and step.stage is not Stage.ADVANCED


def audience_of(answers: Answers) -> Audience | None:
    """Return who can open a site; None while its names are not known."""
    names = answers.get("site.domains", ())
    if not names:
        return None
    return Audience.INTERNET if any(is_public(name) for name in names) else Audience.HOME


def home_name(hostname: str) -> str:
    """Return the name by which devices at home find this machine."""
    return f"{hostname.lower().partition('.')[0]}.local"


def public_name(answers: Answers) -> str | None:
    """Return the first name of a site that the Internet can know."""
    return next(filter(is_public, answers.get("site.domains", ())), None)


def refuse_names(names: Sequence[str]) -> str:
    """Return why names do not suit a site on the Internet, "" if they do."""
    if any("." not in name for name in names):
        return f"Enter a domain name with a dot and without spaces, such as myapp.duckdns.org, not “{' '.join(names)}”."
    if local := [name for name in names if not is_public(name)]:
        return f"{local[0]} works only at home. Enter a name that the Internet knows, such as myapp.duckdns.org."
    return ""


def choose(
    audience: Audience, name: str | None, answers: Answers, hostname: str, sites: Mapping[str, Mapping[str, Any]]
) -> tuple[ReachAnswer, ...]:
    """Return the answers that make a site reachable for its audience.

    `name` is what people type; None at home is the name of this machine. `sites`: the answers of all sites, since
    those of the machine stay as they are if another site needs them.
    """
    if audience is Audience.HOME:
        return _at_home(name or home_name(hostname), answers, sites)
    found = [ReachAnswer("tls.https", True)] if not answers.get("tls.https") else []
    if "site.path" in answers.values:
        found.append(ReachAnswer("site.path", None))
    if name is None:
        return tuple(found)
    found.append(ReachAnswer("site.domains", [name]))
    provider = owner_of(name)
    if provider and answers.get("ddns.hostname") in (None, *answers.get("site.domains", ())):
        found += [ReachAnswer("ddns.hostname", name), ReachAnswer("ddns.provider", provider.name)]
    if skipped := [step for step in answers.get("skip.steps", ()) if is_for_internet(step_named(step))]:
        left = [step for step in answers["skip.steps"] if step not in skipped]
        found.append(ReachAnswer("skip.steps", left or None))
    return tuple(found)


def _at_home(name: str, answers: Answers, sites: Mapping[str, Mapping[str, Any]]) -> tuple[ReachAnswer, ...]:
    taken = any(site != answers.site and name in values.get("site.domains", ()) for site, values in sites.items())
    found = [ReachAnswer("site.path", f"/{answers.site}")] if taken else []
    found += [ReachAnswer("site.domains", [name]), ReachAnswer("tls.https", False)]
    if answers.get("ddns.hostname") in answers.get("site.domains", ()):
        found += [ReachAnswer(key, None) for key in ("ddns.hostname", "ddns.provider")]
    return tuple(found)


def provider_of(answers: Answers) -> Provider | None:
    """Return the DDNS provider of a site, by its name or else as answered."""
    name = public_name(answers)
    if name is None:
        return None
    if owner := owner_of(name):
        return owner
    answered = answers.get("ddns.provider")
    return PROVIDERS[answered] if answered and follows(answers) else None


def follows(answers: Answers) -> bool:
    """Return whether dynamic DNS keeps a name of this site up to date."""
    names: Sequence[str] = answers.get("site.domains", ())
    return answers.get("ddns.hostname") in names


def needed_ddns_keys(answers: Answers) -> tuple[str, ...]:
    """Return the answers about dynamic DNS that a site cannot do without and lacks."""
    provider = provider_of(answers)
    if provider is None or (owner_of(public_name(answers) or "") is None and not follows(answers)):
        return ()
    needed = [key for key in credential_keys(provider) if key != "ddns.zone"]
    return tuple(key for key in needed if key not in answers.values)


def forwards_by_hand(answers: Answers) -> bool:
    """Return whether the user sets up the router."""
    return bool(answers.get(FORWARD) == BY_HAND)
