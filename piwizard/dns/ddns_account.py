"""Read a DDNS account from the answers, and refuse what cannot work."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import field

from piwizard import __version__
from piwizard.answers.model import Answers
from piwizard.dns.providers import NO_IP, PROVIDERS, Provider, owner_of
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.nginx.home_names import is_home_name
from piwizard.system.files import digest
from piwizard.system.lazy_dataclass import dataclass

SAFE_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
PASSWORD_ASSIGNED = re.compile(r"password\S*\s*=", re.I)
"""ddclient finds this anywhere in a line, even inside a password."""


@dataclass(frozen=True)
class Account:
    """A host name at a DDNS provider, with the credentials for updates."""

    provider: Provider
    hostname: str
    login: str
    secret: str = field(repr=False)
    server: str
    zone: str = ""
    """For Cloudflare: the domain of the host name."""
    ipv6: bool = False

    @property
    def agent(self) -> str:
        """Return the user agent; No-IP blocks clients without a contact address."""
        contact = self.login if "@" in self.login else f"admin@{self.hostname}"
        return f"piwizard/{__version__} {contact}"

    @property
    def fingerprint(self) -> str:
        """Return a hash that identifies the account without revealing the secret."""
        parts = (self.provider.name, self.server, self.hostname, self.login, self.secret, self.zone)
        return digest("\0".join(parts).encode())


def credential_keys(provider: Provider) -> tuple[str, ...]:
    """Return the answers that a provider needs, besides host name and provider."""
    keys = [] if provider.login is not None else ["ddns.username"]
    keys.append("ddns.password")
    if provider.protocol == "cloudflare":
        keys.append("ddns.zone")
    if provider.name == "custom":
        keys.append("ddns.server")
    return tuple(keys)


def unneeded_keys(provider: Provider, given: Container[str]) -> frozenset[str]:
    """Return the answers that make no sense for a provider.

    A server or a client that is `given` has an effect with every provider: a person has to see it.
    """
    unused = {"ddns.username", "ddns.zone", "ddns.server"} - set(credential_keys(provider))
    if provider is not NO_IP:
        unused.add("ddns.client")
    return frozenset(key for key in unused if key not in {"ddns.server", "ddns.client"} or key not in given)


def account_of(answers: Answers) -> Account:
    """Return the account; raise PiwizardError if an answer is missing or wrong."""
    provider = PROVIDERS[answers["ddns.provider"]]
    hostname = str(answers["ddns.hostname"])
    if is_home_name(hostname):
        raise PiwizardError(
            f"ddns.hostname: {hostname} exists only in your home network, so no provider can point it here.",
            key="ddns.hostname",
            hint="Enter a name of the Internet, such as myapp.duckdns.org.",
        )
    _require_matching_provider(provider, hostname)
    login = _choose_login(provider, hostname, answers.get("ddns.username"))
    secret = answers.secrets.get("ddns.password")
    if secret is None:
        raise MissingAnswer(
            f"ddns.password is missing: enter the {provider.secret}.", key="ddns.password", hint=provider.account
        )
    _require_writable(provider, login, secret)
    server = answers.get("ddns.server") or provider.server
    if not server:
        raise MissingAnswer(
            "ddns.server is missing. A custom provider needs it.",
            key="ddns.server",
            hint="Enter the host name of a server that supports the dyndns2 protocol over HTTPS.",
        )
    zone = answers.get("ddns.zone") or ".".join(hostname.split(".")[-2:])
    if provider.protocol == "cloudflare" and hostname != zone and not hostname.endswith(f".{zone}"):
        raise PiwizardError(
            f"ddns.zone: {hostname} does not belong to {zone}.",
            key="ddns.zone",
            hint="Enter the domain that you manage at Cloudflare.",
        )
    return Account(provider, hostname, login, secret, server, zone, bool(answers.get("ddns.ipv6", False)))


def _require_matching_provider(provider: Provider, hostname: str) -> None:
    owner = owner_of(hostname)
    if provider.only_suffixes and not provider.owns(hostname):
        raise PiwizardError(
            f"ddns.hostname: {hostname} is not a domain of {provider.title}; those end in .{provider.suffixes[0]}.",
            key="ddns.hostname",
            hint=f"Set ddns.provider to {owner.name}." if owner else "Choose the provider of this domain.",
        )
    if owner and owner is not provider and provider.name != "custom":
        raise PiwizardError(
            f"ddns.hostname: {hostname} is a domain of {owner.title}, not of {provider.title}.",
            key="ddns.hostname",
            hint=f"Set ddns.provider to {owner.name}, or enter your domain at {provider.title}.",
        )
    if provider.name == "duckdns" and hostname.count(".") != 2:
        raise PiwizardError(
            f"ddns.hostname: {hostname} must be a single label before .duckdns.org.",
            key="ddns.hostname",
            hint="Its subdomains are updated automatically.",
        )


def _choose_login(provider: Provider, hostname: str, username: str | None) -> str:
    if provider.login is not None:
        return provider.login.format(hostname=hostname)
    if not username:
        raise MissingAnswer(
            f"ddns.username is missing for {provider.title}.", key="ddns.username", hint=provider.account
        )
    return username


def _require_writable(provider: Provider, login: str, secret: str) -> None:
    """Refuse values that a client cannot send unchanged. The message never contains the secret."""
    if "#" in login or not login.isascii() or " " in login:
        raise PiwizardError(
            "ddns.username contains #, a space or a character that is not ASCII.",
            key="ddns.username",
            hint="Copy the user name from your account at the provider.",
        )
    if PASSWORD_ASSIGNED.search(login):
        raise PiwizardError(
            'ddns.username contains "password=", which the client reads as a setting.',
            key="ddns.username",
            hint="Copy the user name from your account at the provider.",
        )
    if ":" in login:
        raise PiwizardError(
            "ddns.username contains a colon, which ends a user name.",
            key="ddns.username",
            hint="Copy the user name from your account at the provider.",
        )
    if provider.secret != "password" and not SAFE_TOKEN.fullmatch(secret):
        raise PiwizardError(
            f"ddns.password: a {provider.secret} of {provider.title} may contain only letters, digits and . _ ~ -",
            key="ddns.password",
            hint=provider.account,
        )
    if PASSWORD_ASSIGNED.search(secret) or not secret.isascii() or secret != secret.strip():
        raise PiwizardError(
            "ddns.password cannot be written to the settings of the client: it starts or ends with a space, or has "
            '"password=" or a character that is not ASCII.',
            key="ddns.password",
            hint="Set another password at the provider, of letters, digits and punctuation.",
        )
