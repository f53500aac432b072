"""Set a static local IP, on trial first, so that the user is not locked out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.address import FixedAddress
from piwizard.changes.base import Change
from piwizard.dns import lookup
from piwizard.errors import PiwizardError
from piwizard.network import address_rules, address_trial, neighbors
from piwizard.network.address_settings import (
    ADDRESS,
    DNS,
    GATEWAY,
    INTERFACE,
    choose_interface,
    current_address,
    find_gateway,
    find_name_servers,
    read_settings,
)
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system.checks import Check
from piwizard.system.facts import Network
from piwizard.system.remedies import Advice, RunCommand

REVERT_AFTER = "static_ip.revert_after"
DEFAULT_REVERT_SECONDS = 180
KNOWN_NAME = "deb.debian.org"
"""Resolved to test name servers. This machine's packages come from there anyway."""

BEST = "The static local IP, best outside of the range that the router assigns by itself (DHCP)."

QUESTIONS = (
    Question(
        ADDRESS,
        "Address",
        BEST,
        address_rules.address_with_prefix,
        required=True,
    ),
    Question(
        INTERFACE,
        "Interface",
        "eth0 is the cable, wlan0 is Wi-Fi; needed only if the Pi uses both.",
        address_rules.interface_name,
    ),
    Question(GATEWAY, "Router", "The local IP of your router.", address_rules.ipv4_address),
    Question(
        DNS,
        "Name servers",
        "Usually the router; a second one helps if it is slow.",
        v.list_of(address_rules.ipv4_address, 3),
        kind="list",
    ),
    Question(
        REVERT_AFTER,
        "Confirmation time",
        "Seconds to log in at the new address and confirm it; after that the old one is restored.",
        v.whole(30, 3600),
        kind="number",
        default=DEFAULT_REVERT_SECONDS,
    ),
)


class StaticIp(Step):
    """Give an interface a static IPv4 address, in the network manager's settings."""

    name = "static-ip"
    title = "Static address"
    heading = "Network"
    stage = Stage.ADVANCED
    why = (
        "Port forwarding needs a local IP that stays the same. If possible, reserve it in the router's settings, under "
        "DHCP or home network, for the MAC address (hardware address) shown with the first question, and skip this "
        "step. Otherwise piwizard sets a static address here. Unless you confirm it in time, the old one is restored, "
        "even after a reboot or power cut."
    )
    optional = True
    from_outside = True

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None or answers is None:
            return QUESTIONS
        return _proposed(context.machine.network, answers)

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        cut_off = address_trial.current_trial()
        if cut_off and not address_trial.live_addresses(cut_off.interface):
            raise PiwizardError(
                f"{cut_off.interface} is being restored after an interrupted trial.",
                hint="Apply again in a few seconds.",
            )
        chosen = read_settings(context.machine.network, answers)
        change = FixedAddress(chosen, answers.get(REVERT_AFTER, DEFAULT_REVERT_SECONDS))
        if not change.in_sync():
            neighbors.require_free_address(chosen)
        return (change,)

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        chosen = read_settings(context.machine.network, answers)
        here = address_trial.live_addresses(chosen.interface)
        apply_again = (RunCommand("piwizard apply static-ip", "to set it again"),)
        yield Check(
            "static-ip-set",
            f"Local IP is {chosen.host}",
            chosen.host in here,
            f"{chosen.interface} has {', '.join(here) or 'no address'}",
            cause="The network settings were changed, or the cable is unplugged.",
            fix=apply_again,
        )
        yield Check(
            "static-ip-permanent",
            "Local IP kept after a reboot",
            FixedAddress(chosen, DEFAULT_REVERT_SECONDS).kept(),
            f"in the settings of {chosen.manager}",
            cause=f"The settings of {chosen.manager} were changed, so the next boot brings another address.",
            fix=apply_again,
        )
        reached = neighbors.wait_for_answer(chosen.gateway, chosen.interface, 5.0)
        yield Check(
            "router-answers",
            "Router answers",
            reached,
            f"{chosen.gateway} answers" if reached else f"{chosen.gateway} does not answer",
            cause="The router is off, or has another address.",
            fix=(
                Advice("Check the cable and the router."),
                RunCommand("piwizard undo static-ip", "to restore the address from before"),
            ),
            beyond=True,
        )
        silent = [server for server in chosen.dns if not _resolves_names(server)]
        yield Check(
            "name-servers-answer",
            "Name servers answer",
            len(silent) < len(chosen.dns),
            f"no answer from {', '.join(silent)}" if silent else f"{', '.join(chosen.dns)} resolve names",
            cause="The name servers cannot be reached, or resolve nothing.",
            fix=(
                Advice(f"Set {DNS} to the router's address."),
                RunCommand("piwizard apply static-ip", "after that"),
            ),
            beyond=True,
        )


def _resolves_names(server: str) -> bool:
    return lookup.ask_resolvers(KNOWN_NAME, "A", lookup.Resolvers((server,))).status == "found"


def _proposed(network: Network, answers: Answers) -> Sequence[Question]:
    """Return the questions with the values of the current lease as defaults."""
    try:
        interface = choose_interface(network, answers)
    except PiwizardError:
        return QUESTIONS
    here, gateway = current_address(interface), find_gateway(network, interface.name)
    lent = "assigned by the router now" if here and here.dynamic else "current value"
    found = {
        ADDRESS: (str(here) if here else None, lent),
        INTERFACE: (interface.name, "used for the Internet" if INTERFACE not in answers.values else ""),
        GATEWAY: (gateway, "current value"),
        DNS: (find_name_servers(network, gateway) or None, "current values"),
    }
    asked = [one.suggest(*found[one.key]) if found.get(one.key, (None,))[0] is not None else one for one in QUESTIONS]
    card = f"{BEST} To reserve it in the router instead: the MAC address is {interface.mac}."
    return [replace(one, help=card) if one.key == ADDRESS else one for one in asked]
