"""What has to be known to update a name, and what is wrong with it before anybody is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from piwizard import __version__
from piwizard.answers.model import Answers
from piwizard.dns.providers import PROVIDERS, Provider, owner_of
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.system.files import digest

SAFE_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
PASSWORD_ASSIGNED = re.compile(r"password\S*\s*=", re.I)
"""ddclient looks for this anywhere in a line, also inside of a password."""


@dataclass(frozen=True)
class Account:
    """A name at a provider, with what its updates are signed with."""

    provider: Provider
    hostname: str
    login: str
    secret: str = field(repr=False)
    server: str
    zone: str = ""
    """For Cloudflare: the domain that the name belongs to."""
    ipv6: bool = False

    @property
    def agent(self) -> str:
        """What a client calls itself; No-IP blocks those that give no address of somebody to write to."""
        contact = self.login if "@" in self.login else f"admin@{self.hostname}"
        return f"piwizard/{__version__} {contact}"

    @property
    def fingerprint(self) -> str:
        """The same for the same account; tells nothing of the secret to who does not know it."""
        parts = (self.provider.name, self.server, self.hostname, self.login, self.secret, self.zone)
        return digest("\0".join(parts).encode())


def account_of(answers: Answers) -> Account:
    """The account that was answered. PiwizardError names the answer that is missing or does not fit."""
    provider = PROVIDERS[answers["ddns.provider"]]
    hostname = str(answers["ddns.hostname"])
    _fits(provider, hostname)
    login = _login(provider, hostname, answers.get("ddns.username"))
    secret = answers.secrets.get("ddns.password")
    if secret is None:
        raise MissingAnswer(
            f"ddns.password is missing: the {provider.secret}.", key="ddns.password", hint=provider.account
        )
    _writable(provider, login, secret)
    server = answers.get("ddns.server") or provider.server
    if not server:
        raise MissingAnswer(
            "ddns.server is missing: a provider of your own choice has to be named.",
            key="ddns.server",
            hint="It is a host name that speaks the dyndns2 protocol over https.",
        )
    zone = answers.get("ddns.zone") or ".".join(hostname.split(".")[-2:])
    if provider.protocol == "cloudflare" and hostname != zone and not hostname.endswith(f".{zone}"):
        raise PiwizardError(f"ddns.zone: {hostname} does not belong to {zone}.", key="ddns.zone")
    return Account(provider, hostname, login, secret, server, zone, bool(answers.get("ddns.ipv6", False)))


def _fits(provider: Provider, hostname: str) -> None:
    owner = owner_of(hostname)
    if provider.only_suffixes and not provider.owns(hostname):
        raise PiwizardError(
            f"ddns.hostname: {hostname} is no name of {provider.title}; those end in .{provider.suffixes[0]}.",
            key="ddns.hostname",
            hint=f"ddns.provider has to be {owner.name}." if owner else "Choose the provider that the name is from.",
        )
    if owner and owner is not provider and provider.name != "custom":
        raise PiwizardError(
            f"ddns.hostname: {hostname} is a name of {owner.title}, not of {provider.title}.",
            key="ddns.hostname",
            hint=f"Set ddns.provider to {owner.name}, or give the name that you have at {provider.title}.",
        )
    if provider.name == "duckdns" and hostname.count(".") != 2:
        raise PiwizardError(
            f"ddns.hostname: {hostname} must be one name before .duckdns.org.",
            key="ddns.hostname",
            hint="Names below it follow by themselves.",
        )


def _login(provider: Provider, hostname: str, username: str | None) -> str:
    if provider.login is not None:
        return provider.login.format(hostname=hostname)
    if not username:
        raise MissingAnswer(
            f"ddns.username is missing for {provider.title}.", key="ddns.username", hint=provider.account
        )
    return username


def _writable(provider: Provider, login: str, secret: str) -> None:
    """What no client could hand over as it is. The secret itself is never part of the refusal."""
    if "#" in login or not login.isascii() or " " in login:
        raise PiwizardError("ddns.username must not hold #, spaces or letters beyond ASCII.", key="ddns.username")
    if PASSWORD_ASSIGNED.search(login):
        raise PiwizardError(
            'ddns.username must not hold "password=": the client would take it for one.', key="ddns.username"
        )
    if ":" in login:
        raise PiwizardError("ddns.username must not hold a colon: it would end there.", key="ddns.username")
    if provider.secret != "password" and not SAFE_TOKEN.fullmatch(secret):
        raise PiwizardError(
            f"ddns.password: a {provider.secret} of {provider.title} has only letters, digits and . _ ~ -",
            key="ddns.password",
            hint=provider.account,
        )
    if PASSWORD_ASSIGNED.search(secret) or not secret.isascii() or secret != secret.strip():
        raise PiwizardError(
            "ddns.password cannot be written into the client's settings: it begins or ends with a space, has letters "
            'beyond ASCII, or "password=" in it.',
            key="ddns.password",
            hint="Make another one at the provider: letters, digits and signs.",
        )
