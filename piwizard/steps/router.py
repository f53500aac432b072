"""Forward ports or say how to, and check that visitors can connect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.forward import Forwards
from piwizard.changes.network_rules import OpenPorts
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.errors import PiwizardError
from piwizard.network import (
    firewall,
    inbound_probe,
    nat_detection,
    port_forwarding,
    public_ip,
    reachability,
    router_forwards,
    ufw,
)
from piwizard.network.port_forwarding import UpnpRouter as Seen
from piwizard.network.reachability import Evidence, Reachability
from piwizard.steps import forward_timer
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import paths, systemd
from piwizard.system.checks import Check
from piwizard.system.facts import Facts, Network
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand, format_fix
from piwizard.system.unit_checks import check_unit

FORWARDED = ("ports-forwarded", "Router forwards ports 80 and 443")
FIREWALL = ("firewall-open", "Firewall allows ports 80 and 443")

PORTS = (80, 443)
UPNP, BY_HAND = "upnp", "by-hand"

QUESTIONS = (
    Question(
        "router.forward",
        "Port forwarding",
        "Who opens ports 80 and 443 in the router: piwizard, or you with its instructions.",
        v.one_of(UPNP, BY_HAND),
        kind="choice",
        choices={UPNP: "Automatically (UPnP)", BY_HAND: "By hand, in the settings of the router"},
        required=True,
    ),
)


def suggested_forwarding(network: Network) -> str:
    """Return UPNP if the router answers by it, else BY_HAND.

    Takes seconds without an answer.
    """
    gateway = network.gateway
    return UPNP if gateway and port_forwarding.find_router(gateway.address) else BY_HAND


class Router(Step):
    """Forward ports by UPnP, open the firewall, and find what blocks visitors."""

    name = "router"
    title = "Router"
    heading = "Network"
    stage = Stage.ROUTER
    why = (
        "Forwards ports 80 and 443 of your router, and no others, to this Pi, so that visitors reach it from the "
        "Internet. If the router supports UPnP (set-up by other devices), piwizard forwards the ports and keeps them "
        "forwarded; otherwise it tells you what to enter. It also tells you if your provider shares one public IP "
        "among many homes (CGNAT), so that forwarding cannot work. Forwarded ports of other devices stay unchanged."
    )
    optional = True
    needs = ("nginx",)
    from_outside = True

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None or (answers is not None and QUESTIONS[0].key in answers.values):
            return QUESTIONS  # a search for the router takes seconds, and only a suggestion needs it
        if suggested_forwarding(context.machine.network) == UPNP:
            return [QUESTIONS[0].suggest(UPNP, "your router supports UPnP")]
        return [QUESTIONS[0].suggest(BY_HAND, "no router answers by UPnP")]

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        gateway, address = _ends(context.machine.network)
        fire: tuple[Change, ...] = (OpenPorts(PORTS),) if ufw.read_ufw(PORTS) else ()
        if answers["router.forward"] == BY_HAND:
            if (forward_timer.UNITS / forward_timer.TIMER).exists():
                raise PiwizardError(
                    "router.forward: ports are already forwarded by UPnP, and a timer keeps them.",
                    key="router.forward",
                    hint="Run `piwizard undo router`, then apply again.",
                )
            text = router_forwards.format_instructions(context.machine, address, PORTS)
            return (*fire, File(paths.state_dir() / "router-by-hand.txt", text))
        entries = router_forwards.format_manual_entries(context.machine, address, PORTS)
        described = _description(context.machine)
        wanted = Forwards(gateway, address, PORTS, described, lambda seen: _refuse(context, seen), entries)
        kept = Transaction(
            "forwards",
            (forward_timer.program(), *forward_timer.units(gateway, wanted.wanted)),
            activate=(Activation(("systemctl", "daemon-reload")),),
        )
        # A router that does not answer now must not stop the run: the timer tries again, and the checks report it.
        silent = (forward_timer.UNITS / forward_timer.TIMER).exists() and port_forwarding.find_router(gateway) is None
        return (
            *fire,
            Packages(("miniupnpc",)),
            *(() if silent else (wanted,)),
            Folder(forward_timer.PROGRAM.parent),
            kept,
            RunningUnit(forward_timer.TIMER),
        )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        gateway, address = _ends(context.machine.network)
        url = port_forwarding.find_router(gateway) if router_forwards.upnpc_installed() else None
        seen = router_forwards.read_router(url) if url else None
        forwarded = None
        if answers["router.forward"] == BY_HAND:
            yield Check(
                "port-forwarding-manual",
                "Port forwarding set up by hand",
                True,
                router_forwards.format_summary(context.machine, address, PORTS),
            )
        else:
            forwarded = seen is not None and all(_points_here(seen, port, address) for port in PORTS)
            entries = router_forwards.format_manual_entries(context.machine, address, PORTS)
            yield _forwards(seen, address, entries, forwarded=forwarded)
            state = systemd.read_states([forward_timer.TIMER])[forward_timer.TIMER]
            yield check_unit(
                "port-forwarding-timer-running",
                "Port forwarding timer running",
                forward_timer.TIMER,
                state,
                ApplySteps(("router",), "to start it again"),
                cause="The timer was stopped. The router may forget the forwarded ports.",
            )
        yield from _firewall(context.machine.network)
        found = _verdict(context, seen, forwarded=forwarded)
        yield Check(
            "reachable-from-internet",
            "Site reachable from the Internet",
            not found.bad,
            found.detail,
            found.cause,
            found.fix,
            beyond=True,
        )


def _ends(network: Network) -> tuple[str, str]:
    """Return the local IP of the router and of this machine."""
    if network.gateway is None:
        raise PiwizardError("This Pi has no default gateway.", hint="Connect it to your home network, then try again.")
    address = network.address
    if address is None or address.family != 4:
        raise PiwizardError(
            "This Pi has no IPv4 address in your home network.", hint="Run `ip address` to see its addresses."
        )
    return network.gateway.address, address.address


def _description(machine: Facts) -> str:
    """Return the description of the forwarded ports in the router, unique to this machine."""
    main = machine.network.main
    return port_forwarding.make_description(main.mac if main and main.mac else machine.hostname)


def _points_here(seen: Seen, port: int, address: str) -> bool:
    there = seen.of(port)
    return there is not None and (there.address, there.inside) == (address, port)


def _forwards(seen: Seen | None, address: str, entries: str, *, forwarded: bool) -> Check:
    if seen is None:
        return Check(
            *FORWARDED,
            False,
            "the router does not answer by UPnP",
            "UPnP was switched off in the router, or the router is off.",
            (
                Advice(
                    f'Switch it on again. Or forward the ports by hand: {entries} Then set router.forward = "by-hand".'
                ),
            ),
            beyond=True,
        )
    others = [there.address for port in PORTS if (there := seen.of(port)) and there.address != address]
    shown = [f"{port} to {there.address}" if (there := seen.of(port)) else f"{port} to no device" for port in PORTS]
    again: Fix = (ApplySteps(("router",), "to forward the ports again"),)
    return Check(
        *FORWARDED,
        forwarded,
        f"the router forwards {', '.join(shown)}",
        f"They are forwarded to another machine, {others[0]}." if others else "The router has forgotten them.",
        (
            Advice("Delete that forwarded port on the other machine or in the router's settings."),
            RunCommand("piwizard apply router", "after that"),
        )
        if others
        else again,
    )


def _firewall(network: Network) -> Iterable[Check]:
    main = network.main
    found = firewall.read_firewall(PORTS, main.name if main else "")
    if found is None:
        return
    if found.unsure and not found.closed:
        detail = f"unknown: piwizard cannot read all rules of {found.keeper}; see `sudo nft list ruleset`"
        yield Check(*FIREWALL, True, detail)
        return
    closed = " and ".join(map(str, found.closed))
    yield Check(
        *FIREWALL,
        not found.closed,
        f"{found.keeper} blocks port {closed}" if closed else f"{found.keeper} allows both",
        f"{found.keeper} on this Pi blocks what is not explicitly allowed.",
        firewall.FIXES[found.keeper],
    )


def _verdict(context: PlanContext, seen: Seen | None, *, forwarded: bool | None) -> Reachability:
    return reachability.judge_evidence(_evidence(context, seen, forwarded=forwarded))


def _evidence(context: PlanContext, seen: Seen | None, *, forwarded: bool | None) -> Evidence:
    """Collect the evidence that visitors can or cannot connect; takes a few seconds at most."""
    internet, router = public_ip.find_public_ip(4), seen.outside if seen else None
    own = tuple(one.address for each in context.machine.network.interfaces or () for one in each.addresses)
    host = inbound_probe.find_server_name(context.nginx.sites.values())
    heard = bool(internet.address and host and inbound_probe.probe_port(internet.address, host))
    plain = heard or (router is not None and router == internet.address)
    way = nat_detection.NatPath() if plain else nat_detection.detect_nat(internet.address)
    return Evidence(router, internet.address, internet.reason, own, way, forwarded, heard)


def _refuse(context: PlanContext, seen: Seen) -> None:
    """Raise PiwizardError if port forwarding in this router cannot work."""
    found = _verdict(context, seen, forwarded=None)
    if found.hopeless:
        raise PiwizardError(
            f"{found.detail[0].upper()}{found.detail[1:]}. {found.cause}",
            key="router.forward",
            hint=format_fix(found.fix),
        )
