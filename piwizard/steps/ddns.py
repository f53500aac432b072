"""Keep the host name pointing to the public IP by dynamic DNS."""

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
from piwizard.changes.command import Notice
from piwizard.dns import ddclient, provider_errors
from piwizard.dns.ddns_account import Account, account_of, unneeded_keys
from piwizard.dns.points_here import check_host, is_public
from piwizard.dns.providers import PROVIDERS, owner_of
from piwizard.dns.verify_account import VerifyAccount
from piwizard.errors import PiwizardError
from piwizard.network import public_ip
from piwizard.steps.ddns_clients import ddclient_changes, noip_duc_changes
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system import paths, systemd
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice, ApplySteps, RunCommand

UPDATED = ("ddns-last-update", "Last DDNS update accepted")

CLIENTS = ("ddclient", "noip-duc")
Found = TypeVar("Found")
PROPAGATION_SECONDS = 40.0
"""How long the provider's name servers may take to return the address of an update."""


def _server(value: Any) -> str:  # noqa: ANN401 — a validator
    name, colon, port = v.text(value).partition(":")
    if colon and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise v.Invalid('must be a host name, or one with a port such as "ddns.example.org:8443"')
    # If ddclient does not recognize the host name, it sends the password to its own default server.
    return f"{v.full_name(name)}{colon}{int(port) if colon else ''}"


QUESTIONS = (
    Question(
        "ddns.provider",
        "Provider",
        "The company that manages the domain; its account can change where the domain points.",
        v.one_of(*PROVIDERS),
        kind="choice",
        choices={name: provider.title for name, provider in PROVIDERS.items()},
        required=True,
    ),
    Question(
        "ddns.hostname",
        "Host name",
        "The domain to keep pointing to your current public IP.",
        v.full_name,
        required=True,
        lookup="host-name",
    ),
    Question(
        "ddns.username",
        "User name",
        "For No-IP that of the DDNS Key; DuckDNS, Cloudflare, deSEC and dynv6 need none.",
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
        "The program that updates the domain: ddclient from Debian, or noip-duc from No-IP.",
        v.one_of(*CLIENTS),
        kind="choice",
        choices={"ddclient": "ddclient", "noip-duc": "noip-duc"},
        default="ddclient",
    ),
    Question(
        "ddns.interval",
        "Update interval",
        "Minutes between two checks of your public IP; the provider is contacted only when it changes.",
        v.whole(1, 60),
        kind="number",
        default=5,
    ),
    Question(
        "ddns.ipv6",
        "Use IPv6",
        "Also points the domain to the IPv6 address of this Pi; the router must let IPv6 visitors in.",
        v.yes_or_no,
        kind="yesno",
        default=False,
    ),
    Question("ddns.server", "Server", "Host name of the update server, only for the provider custom.", _server),
    Question(
        "ddns.zone",
        "Zone",
        "The domain that the host name belongs to, for Cloudflare or your own domain at deSEC.",
        v.full_name,
    ),
)


class Ddns(Step):
    """Verify the account, then set up a client that keeps the domain up to date."""

    name = "ddns"
    title = "Dynamic DNS"
    heading = "Network"
    stage = Stage.ADDRESS
    why = (
        "Most home connections change their public IP from time to time. Dynamic DNS (DDNS) is a small service that "
        "keeps your domain pointing to the current one. piwizard first tests your account with one update and sets up "
        "the service only if the provider accepts it."
    )
    optional = True
    needs = ("system",)
    typical_seconds = 30
    from_outside = True

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None:
            return QUESTIONS
        hostname = answers.get("ddns.hostname") if answers else None
        first = next(filter(is_public, context.domains), None)
        owner = owner_of(hostname or first or "")
        answered = PROVIDERS.get(answers.get("ddns.provider", "")) if answers else None
        provider, given = answered or owner, answers.values if answers else {}
        unneeded = unneeded_keys(provider, given) if provider else ()
        suggested = {
            "ddns.hostname": (first, "domain of the first site"),
            "ddns.provider": (owner.name if owner else None, f"{hostname or first} belongs to this provider"),
            "ddns.zone": (".".join((hostname or first or "").split(".")[-2:]), "end of the host name"),
        }
        return [
            question.suggest(*suggested[question.key]) if suggested.get(question.key, (None,))[0] else question
            for question in QUESTIONS
            if question.key not in unneeded
        ]

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        account, minutes = account_of(answers), int(answers.get("ddns.interval", 5))
        if minutes < account.provider.least_minutes:
            raise PiwizardError(
                f"ddns.interval: {account.provider.title} requires at least {account.provider.least_minutes} minutes.",
                key="ddns.interval",
                hint=f"Set it to {account.provider.least_minutes} or more.",
            )
        setting_up = noip_duc_changes if _client(answers) == "noip-duc" else ddclient_changes
        verify = VerifyAccount(account, lambda: public_ip.find_public_ip(4).address, _verified_file())
        return (*_not_followed(account, context), verify, *setting_up(account, minutes, context))

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        account, client = account_of(answers), _client(answers)
        service = f"{client}.service"
        state = systemd.read_states([service])[service]
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
            yield _poll_after_update(lambda: _last_update(account), lambda check: check.ok)
            last = ddclient.read_last_update(account)
            sent = last.address if last.status == ddclient.GOOD else None
        interfaces = context.machine.network.interfaces or ()
        public = public_ip.find_public_ip(4)  # once: the free service should not be asked repeatedly
        found = _poll_after_update(
            lambda: list(check_host(account.hostname, interfaces, public.address, public.reason, sent=sent)),
            lambda checks: checks[0].ok,
        )
        yield from (replace(check, beyond=True) for check in found)
        if account.provider.reminder:
            yield Check("ddns-confirmation", "Provider needs a regular confirmation", True, account.provider.reminder)


def _not_followed(account: Account, context: PlanContext) -> tuple[Notice, ...]:
    """Name the domains of all sites that the client does not update."""
    others = [name for name in dict.fromkeys(context.domains) if is_public(name) and name != account.hostname]
    if not others:
        return ()
    text = (
        f"Dynamic DNS updates only {account.hostname}. Make {', '.join(others)} a CNAME record that names "
        f"{account.hostname}, so that it follows your public IP too."
    )
    return (Notice("Domains without updates", text),)


def _poll_after_update(find: Callable[[], Found], expected: Callable[[Found], bool]) -> Found:
    """Return what `find` returns, as soon as it is as expected. Wait only shortly after an update."""
    until = time.monotonic() + PROPAGATION_SECONDS
    while not expected(found := find()) and _just_updated() and time.monotonic() < until:
        time.sleep(2)
    return found


def _just_updated() -> bool:
    updates = [path.stat().st_mtime for path in (_verified_file(), ddclient.CACHE) if path.exists()]
    return any(abs(time.time() - at) < 2 * PROPAGATION_SECONDS for at in updates)


def _verified_file() -> Path:
    return paths.state_dir() / "ddns.json"


def _client(answers: Answers) -> str:
    return str(answers.get("ddns.client", "ddclient"))


def _last_update(account: Account) -> Check:
    last = ddclient.read_last_update(account)
    if last.status == ddclient.GOOD:
        return Check(*UPDATED, True, f"{account.provider.title} accepted {last.address}")
    if not last.status:
        fix = (
            Advice("Check this Pi's Internet connection."),
            RunCommand("journalctl -u ddclient", "to see its output"),
        )
        return Check(*UPDATED, False, "no update yet", "ddclient has not found the public IP.", fix, beyond=True)
    unreached = last.status == ddclient.UNHEARD
    refusal = provider_errors.explain("unreachable" if unreached else last.status, account)
    detail = "no server was reached" if unreached else f"refused: {last.status}"
    return Check(*UPDATED, False, detail, refusal.sentence, (Advice(refusal.hint),), beyond=unreached)
