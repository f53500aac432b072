"""Name what to enter in a router by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.setup import reach
from piwizard.steps.router import BY_HAND, Router
from piwizard.system import paths
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.answers.model import Answers
    from piwizard.system.facts import Facts

PORTS = (("HTTP", 80), ("HTTPS", 443))


@dataclass(frozen=True)
class RouterRules:
    """The rules of a router. `outside` is the address to open from the Internet."""

    router: str
    address: str
    mac: str
    outside: str
    saved_in: str
    ports: tuple[tuple[str, int], ...] = PORTS


def rules_for(answers: Answers, facts: Facts) -> RouterRules | None:
    """Return the rules for a site, None if its visitors need none by hand."""
    name, network = reach.public_name(answers), facts.network
    by_hand = answers.get("router.forward") == BY_HAND and Router.name not in answers.get("skip.steps", ())
    if not by_hand or name is None:
        return None
    gateway, main, address = network.gateway, network.main, network.address
    return RouterRules(
        f"http://{gateway.address}" if gateway else "the settings of your router",
        address.address if address else "this Pi",
        main.mac or "" if main else "",
        f"http://{name}",
        str(paths.state_dir() / "router-by-hand.txt"),
    )
