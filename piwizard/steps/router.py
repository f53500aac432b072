"""The router: ports 80 and 443 lead to this machine, or the words for a person; whether visitors can come in at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.forward import Forwards
from piwizard.changes.package import Packages
from piwizard.changes.transaction import Then, Transaction
from piwizard.changes.ufw_rule import OpenPorts
from piwizard.changes.unit import RunningUnit
from piwizard.errors import PiwizardError
from piwizard.network import (
    firewall,
    inbound_probe,
    manual_forwarding,
    nat_detection,
    port_forwarding,
    public_ip,
    reachability,
    ufw,
    upnp,
)
from piwizard.network.port_forwarding import UpnpRouter as Seen
from piwizard.network.reachability import Evidence, Verdict
from piwizard.steps import forward_timer
from piwizard.steps.step import PlanContext, Step
from piwizard.system import paths, systemd
from piwizard.system.checks import Check
from piwizard.system.facts import Facts, Network
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand, sentence

FORWARDED = ("ports-forwarded", "Router forwards ports 80 and 443")
FIREWALL = ("firewall-open", "Firewall lets visitors in")

PORTS = (80, 443)
UPNP, BY_HAND = "upnp", "by-hand"

QUESTIONS = (
    Question(
        "router.forward",
        "Forwards",
        "upnp: piwizard asks the router for them. by-hand: you are told what to type into the router.",
        v.one_of(UPNP, BY_HAND),
        kind="choice",
        choices=(UPNP, BY_HAND),
        required=True,
    ),
)


class Router(Step):
    """Forwards by UPnP, kept by a timer; the Pi's own firewall; a verdict on what stands in the way."""

    name = "router"
    title = "Router"
    heading = "Reach"
    why = (
        "Lets visitors from the Internet through your router to this Pi, on ports 80 and 443 and no other. Where the "
        "router takes requests (UPnP) piwizard makes the forwards and looks after them; else it tells you what to "
        "type in. It also says when no forward can help, since your provider shares one address among many homes. "
        "Forwards to other machines are left alone."
    )
    optional = True
    needs = ("nginx",)
    from_outside = True

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if ground is None:
            return QUESTIONS
        gateway = ground.machine.network.gateway
        if gateway and port_forwarding.find(gateway.address):
            return [QUESTIONS[0].suggest(UPNP, "your router answers to UPnP")]
        return [QUESTIONS[0].suggest(BY_HAND, "no router answers to UPnP")]

    def plan(self, ground: PlanContext, answers: Answers) -> Sequence[Change]:
        gateway, address = _ends(ground.machine.network)
        fire: tuple[Change, ...] = (OpenPorts(PORTS),) if ufw.look(PORTS) else ()
        if answers["router.forward"] == BY_HAND:
            if (forward_timer.UNITS / forward_timer.TIMER).exists():
                raise PiwizardError(
                    "router.forward: forwards were made by UPnP before, and a timer looks after them.",
                    key="router.forward",
                    hint="`piwizard undo router` takes both back; then apply again.",
                )
            text = manual_forwarding.words(ground.machine, address, PORTS)
            return (*fire, File(paths.state_dir() / "router-by-hand.txt", text))
        wanted = Forwards(gateway, address, PORTS, _description(ground.machine), lambda seen: _refuse(ground, seen))
        kept = Transaction(
            "forwards",
            (forward_timer.program(), *forward_timer.units(gateway, wanted.wanted)),
            then=(Then(("systemctl", "daemon-reload")),),
        )
        # A router that is silent for once holds nothing else up: the timer will look again, and the checks say it.
        silent = (forward_timer.UNITS / forward_timer.TIMER).exists() and port_forwarding.find(gateway) is None
        return (
            *fire,
            Packages(("miniupnpc",)),
            *(() if silent else (wanted,)),
            Folder(forward_timer.PROGRAM.parent),
            kept,
            RunningUnit(forward_timer.TIMER),
        )

    def checks(self, ground: PlanContext, answers: Answers) -> Iterable[Check]:
        gateway, address = _ends(ground.machine.network)
        url = port_forwarding.find(gateway) if upnp.installed() else None
        seen = upnp.look(url) if url else None
        forwarded = None
        if answers["router.forward"] == BY_HAND:
            yield Check(
                "port-forwarding-manual",
                "Port forwarding set up by hand",
                True,
                manual_forwarding.in_short(ground.machine, address, PORTS),
            )
        else:
            forwarded = seen is not None and all(_leads(seen, port, address) for port in PORTS)
            yield _forwards(seen, address, forwarded=forwarded)
            state = systemd.ask([forward_timer.TIMER])[forward_timer.TIMER]
            yield Check(
                "port-forwarding-timer-running",
                "Port forwarding timer running",
                state.running and state.enabled,
                f"{forward_timer.TIMER} is {state.active}, {state.file or 'missing'}",
                cause="The timer was stopped. The router may forget the forwarded ports.",
                fix=(ApplySteps(("router",), "to start it again"),),
            )
        yield from _firewall(ground.machine.network)
        found = _verdict(ground, seen, forwarded=forwarded)
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
    """The router's address and this machine's."""
    if network.gateway is None:
        raise PiwizardError("This machine knows no router.", hint="Connect it to your home network first.")
    address = network.address
    if address is None or address.family != 4:
        raise PiwizardError(
            "This machine has no IPv4 address in your home network.", hint="`ip address` shows what it has."
        )
    return network.gateway.address, address.address


def _description(machine: Facts) -> str:
    """What the forwards are called in the router: no other machine's are called so."""
    main = machine.network.main
    return port_forwarding.description_of(main.mac if main and main.mac else machine.hostname)


def _leads(seen: Seen, port: int, address: str) -> bool:
    there = seen.of(port)
    return there is not None and (there.address, there.inside) == (address, port)


def _forwards(seen: Seen | None, address: str, *, forwarded: bool) -> Check:
    if seen is None:
        return Check(
            *FORWARDED,
            False,
            "the router does not answer to UPnP",
            "UPnP was switched off in the router, or the router is off.",
            (Advice('Switch it on again, or set router.forward = "by-hand".'),),
            beyond=True,
        )
    others = [there.address for port in PORTS if (there := seen.of(port)) and there.address != address]
    shown = [f"{port} to {there.address}" if (there := seen.of(port)) else f"{port} to nobody" for port in PORTS]
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
    found = firewall.look(PORTS, main.name if main else "")
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
        f"{found.keeper} blocks port {closed}" if closed else f"{found.keeper} lets visitors in",
        f"{found.keeper} on this Pi blocks what is not explicitly allowed.",
        firewall.FIXES[found.keeper],
    )


def _verdict(ground: PlanContext, seen: Seen | None, *, forwarded: bool | None) -> Verdict:
    return reachability.judge(_evidence(ground, seen, forwarded=forwarded))


def _evidence(ground: PlanContext, seen: Seen | None, *, forwarded: bool | None) -> Evidence:
    """Looks around, as far as it takes: a few seconds at most."""
    internet, router = public_ip.ask(4), seen.outside if seen else None
    own = tuple(one.address for each in ground.machine.network.interfaces or () for one in each.addresses)
    host = inbound_probe.name_in(ground.nginx.sites.values())
    heard = bool(internet.address and host and inbound_probe.heard(internet.address, host))
    plain = heard or (router is not None and router == internet.address)
    way = nat_detection.NatPath() if plain else nat_detection.look(internet.address)
    return Evidence(router, internet.address, internet.reason, own, way, forwarded, heard)


def _refuse(ground: PlanContext, seen: Seen) -> None:
    """Raises where no forward of this router could let visitors in."""
    found = _verdict(ground, seen, forwarded=None)
    if found.hopeless:
        raise PiwizardError(
            f"{found.detail[0].upper()}{found.detail[1:]}. {found.cause}",
            key="router.forward",
            hint=sentence(found.fix),
        )
