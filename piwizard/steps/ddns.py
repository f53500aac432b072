"""Dynamic DNS: the host name follows the router's public address."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.changes.base import Change
from piwizard.changes.disabled_unit import DisabledUnit
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.package import Packages
from piwizard.changes.transaction import Then, Transaction
from piwizard.changes.unit import RunningUnit
from piwizard.dns import ddclient, noip_duc, provider_errors
from piwizard.dns.ddns_account import Account, account_of
from piwizard.dns.noip_duc import NoipPackage
from piwizard.dns.points_here import check_host
from piwizard.dns.providers import PROVIDERS, owner_of
from piwizard.dns.reset_backoff import Retry
from piwizard.dns.verify_account import Prove
from piwizard.errors import PiwizardError
from piwizard.network import public_ip
from piwizard.steps.step import PlanContext, Step
from piwizard.system import paths, systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, ApplySteps, RunCommand

UPDATED = ("ddns-last-update", "Last DDNS update accepted")

UNITS = Path("/etc/systemd/system")
CLIENTS = ("ddclient", "noip-duc")
Seen = TypeVar("Seen")
PATIENCE = 40.0
"""Seconds for the first update to be known at the provider's name servers."""


def _server(value: Any) -> str:  # noqa: ANN401 — a validator
    name, colon, port = v.text(value).partition(":")
    if colon and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise v.Invalid('must be a host name, or one with a port such as "ddns.example.org:8443"')
    # Where ddclient takes a name for none, it sends the password to a server of its own choice.
    return f"{v.full_name(name)}{colon}{int(port) if colon else ''}"


QUESTIONS = (
    Question(
        "ddns.provider",
        "Provider",
        "Where you have the name from.",
        v.one_of(*PROVIDERS),
        kind="choice",
        choices=tuple(PROVIDERS),
        required=True,
    ),
    Question(
        "ddns.hostname",
        "Host name",
        "The name that shall follow this home's address.",
        v.full_name,
        required=True,
    ),
    Question(
        "ddns.username",
        "User name",
        "For No-IP that of the DDNS Key. DuckDNS, Cloudflare, deSEC and dynv6 need none.",
        v.text,
    ),
    Question(
        "ddns.password",
        "Password or token",
        "For No-IP the password of the DDNS Key; for DuckDNS, Cloudflare, deSEC and dynv6 the token.",
        v.given_secret,
        kind="secret",
    ),
    Question(
        "ddns.client",
        "Client",
        "The program that keeps the name up to date: Debian's ddclient, or No-IP's own, noip-duc.",
        v.one_of(*CLIENTS),
        kind="choice",
        choices=CLIENTS,
        default="ddclient",
    ),
    Question(
        "ddns.interval",
        "Minutes between looks",
        "How often it is looked whether the address has changed. The provider hears only of changes.",
        v.whole(1, 60),
        kind="number",
        default=5,
    ),
    Question(
        "ddns.ipv6",
        "IPv6 as well",
        "Let the name lead to this machine by IPv6 too. Only where the router lets visitors in by IPv6.",
        v.yes_or_no,
        kind="yesno",
        default=False,
    ),
    Question("ddns.server", "Server", "Only for a provider of your own choice: its host name.", _server),
    Question(
        "ddns.zone",
        "Zone",
        "For Cloudflare, or a domain of your own at deSEC: the domain that the name belongs to.",
        v.full_name,
    ),
)


class Ddns(Step):
    """An account that is proven, and a client that keeps the name up to date."""

    name = "ddns"
    title = "Dynamic DNS"
    heading = "Reach"
    why = (
        "Your provider of Internet access gives your home another address now and then. A small program tells your "
        "provider of names about it, so that the name always leads here. Whether the account is right is tried "
        "first, with one update; nothing is kept before that has been accepted."
    )
    optional = True
    needs = ("system",)
    typical_seconds = 30
    from_outside = True

    def questions(self, ground: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if ground is None:
            return QUESTIONS
        hostname = answers.get("ddns.hostname") if answers else None
        first = next((name for name in ground.domains if "." in name), None)
        owner = owner_of(hostname or first or "")
        suggested = {
            "ddns.hostname": (first, "the first site's name"),
            "ddns.provider": (owner.name if owner else None, f"{hostname or first} is one of theirs"),
            "ddns.zone": (".".join((hostname or first or "").split(".")[-2:]), "the end of the name"),
        }
        return [
            question.suggest(*suggested[question.key]) if suggested.get(question.key, (None,))[0] else question
            for question in QUESTIONS
        ]

    def plan(self, ground: PlanContext, answers: Answers) -> Sequence[Change]:
        account, minutes = account_of(answers), int(answers.get("ddns.interval", 5))
        if minutes < account.provider.least_minutes:
            raise PiwizardError(
                f"ddns.interval: {account.provider.title} wants at least {account.provider.least_minutes} minutes.",
                key="ddns.interval",
            )
        setting_up = _noip_duc if _client(answers) == "noip-duc" else _ddclient
        prove = Prove(account, lambda: public_ip.ask(4).address, _noted())
        return (prove, *setting_up(account, minutes, ground))

    def checks(self, ground: PlanContext, answers: Answers) -> Iterable[Check]:
        account, client = account_of(answers), _client(answers)
        service = f"{client}.service"
        state = systemd.ask([service])[service]
        yield Check(
            "ddns-client-running",
            f"{service} running",
            state.running and state.enabled,
            f"{state.active}, {state.file or 'missing'}",
            cause="The service was stopped, or stops as soon as it starts.",
            fix=(
                ApplySteps(("ddns",), "to start it again"),
                RunCommand(f"journalctl -u {service}", "to see why it stopped"),
            ),
        )
        sent = None
        if client == "ddclient":
            yield _patiently(lambda: _last_update(account), lambda check: check.ok)
            word = ddclient.last_word(account)
            sent = word.address if word.status == ddclient.GOOD else None
        interfaces = ground.machine.network.interfaces or ()
        public = public_ip.ask(4)  # once: a service that is asked for nothing does not want to be asked again and again
        seen = _patiently(
            lambda: list(check_host(account.hostname, interfaces, public.address, public.reason, sent=sent)),
            lambda seen: seen[0].ok,
        )
        yield from (replace(check, beyond=True) for check in seen)
        if account.provider.reminder:
            yield Check("ddns-confirmation", "Provider needs a regular confirmation", True, account.provider.reminder)


def _patiently(look: Callable[[], Seen], right: Callable[[Seen], bool]) -> Seen:
    """What a look sees once it is right. Waits for that only where the provider has just been told something."""
    until = time.monotonic() + PATIENCE
    while not right(seen := look()) and _just_told() and time.monotonic() < until:
        time.sleep(2)
    return seen


def _just_told() -> bool:
    noted = [path.stat().st_mtime for path in (_noted(), ddclient.CACHE) if path.exists()]
    return any(abs(time.time() - at) < 2 * PATIENCE for at in noted)


def _noted() -> Path:
    return paths.state_dir() / "ddns.json"


def _client(answers: Answers) -> str:
    return str(answers.get("ddns.client", "ddclient"))


def _ddclient(account: Account, minutes: int, ground: PlanContext) -> Sequence[Change]:
    """Its settings are there before its package: that would ask, and start it without any."""
    system = ground.machine.os
    debian = int(system.version) if system.version.isdigit() else None
    version = ddclient.version_for(ground.installed.get("ddclient"), debian)
    settings, drop_in = ddclient.settings_path(version), UNITS / f"{ddclient.SERVICE}.d"
    gateway = ground.machine.network.gateway6
    text = ddclient.render_settings(account, version, gateway.interface if gateway else None)
    own = (
        File(settings, text, 0o600, secret=True, takes_over=True),
        File(ddclient.DEFAULTS, ddclient.render_defaults(minutes), takes_over=True),
        File(drop_in / "piwizard.conf", ddclient.render_limits()),
    )
    folders = (Folder(drop_in), *((Folder(settings.parent),) if version >= (4, 0) else ()))
    return (
        DisabledUnit(noip_duc.SERVICE),
        *folders,
        _taken_up("ddclient-settings", own, ddclient.SERVICE),
        Packages(ddclient.packages(version), starts=(ddclient.SERVICE,)),
        RunningUnit(ddclient.SERVICE),
        Retry(account, settings),
    )


def _noip_duc(account: Account, minutes: int, ground: PlanContext) -> Sequence[Change]:
    use_debians = 'Set ddns.client to "ddclient".'
    if account.provider.name != "no-ip" or account.server != account.provider.server:
        wrong = "noip-duc, No-IP's own client, can update names of No-IP only"
        raise PiwizardError(f"ddns.client: {wrong}.", key="ddns.client", hint=use_debians)
    if account.ipv6:
        raise PiwizardError("ddns.ipv6: noip-duc is set up for IPv4 only.", key="ddns.ipv6", hint="Leave it out.")
    if ground.machine.architecture.armv6:
        wrong = "No-IP has no package of noip-duc for the processor of this board (ARMv6)"
        raise PiwizardError(f"ddns.client: {wrong}.", key="ddns.client", hint=use_debians)
    own = (
        File(noip_duc.DEFAULTS, noip_duc.render_defaults(account, minutes), 0o600, secret=True, takes_over=True),
        File(UNITS / noip_duc.SERVICE, noip_duc.render_service(), takes_over=True),
    )
    return (
        NoipPackage(paths.cache_dir()),
        DisabledUnit(ddclient.SERVICE),
        _taken_up("noip-duc-settings", own, noip_duc.SERVICE),
        RunningUnit(noip_duc.SERVICE),
    )


def _taken_up(name: str, own: tuple[File, ...], service: str) -> Transaction:
    then = (Then(("systemctl", "daemon-reload")), Then(("systemctl", "try-restart", service), unit=service))
    return Transaction(name, own, then=then, proof=lambda: _ill(service))


def _ill(service: str) -> str | None:
    """What is wrong with a client that was just started anew; None where it is well, or was not there."""
    state = systemd.ask([service])[service]
    return f"{service} does not run with its new settings." if state.failed else None


def _last_update(account: Account) -> Check:
    word = ddclient.last_word(account)
    if word.status == ddclient.GOOD:
        return Check(*UPDATED, True, f"{account.provider.title} accepted {word.address}")
    if not word.status:
        fix = (
            Advice("Check this Pi's Internet connection."),
            RunCommand("journalctl -u ddclient", "to see its output"),
        )
        return Check(*UPDATED, False, "no update yet", "ddclient has not found the public IP.", fix, beyond=True)
    unheard = word.status == ddclient.UNHEARD
    refusal = provider_errors.explain("unreachable" if unheard else word.status, account)
    detail = "no server was reached" if unheard else f"refused: {word.status}"
    return Check(*UPDATED, False, detail, refusal.sentence, (Advice(refusal.hint),), beyond=unheard)
