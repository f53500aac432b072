"""How Let's Encrypt is shown that the names are yours: by a page at port 80, or by a record in the DNS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.dns.ddns_account import Account, account_of
from piwizard.dns.providers import PROVIDERS
from piwizard.errors import PiwizardError
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import commands
from piwizard.tls.lineage import LETSENCRYPT, Lineage


@dataclass(frozen=True)
class Plugin:
    """certbot's plugin for a provider: `name` at certbot, `token` the line of its settings, and where it comes from.

    One that Debian does not have is a `requirement` for pip: the version that works with certbot 2.1 (bookworm) and
    4.0 (trixie), and the hash of its wheel. Then `packages` are what it stands on: nothing else is taken from PyPI.
    """

    name: str
    token: str
    packages: tuple[str, ...]
    requirement: str = ""


BELOW = ("python3-venv", "python3-dnspython", "python3-requests")
PLUGINS = {
    "cloudflare": Plugin("dns-cloudflare", "dns_cloudflare_api_token", ("python3-certbot-dns-cloudflare",)),
    "duckdns": Plugin(
        "dns-duckdns",
        "dns_duckdns_token",
        BELOW,
        "certbot-dns-duckdns==1.9.0 --hash=sha256:0fd37d2a5cb3a636f0812fb65f60034f5dcb98a55d84c752590ab15c4b44f307",
    ),
    "desec": Plugin(
        "dns-desec",
        "dns_desec_token",
        BELOW,
        "certbot-dns-desec==1.3.2 --hash=sha256:3b7aed97b808383874da4f8c3668d4142002c870d8e26cda3f7feb2a319a0964",
    ),
}
ENVIRONMENT = Path("/opt/piwizard-certbot")
"""Debian's certbot run in here sees a plugin that Debian does not have, and all that Debian has as well."""


@dataclass(frozen=True)
class Challenge:
    """`options` are certbot's. By DNS there is a `zone` that the records are made in, by a plugin with its settings.

    A `requirement` is a plugin that Debian does not have: certbot then runs in an environment with it.
    """

    authenticator: str = "webroot"
    options: tuple[str, ...] = ("--webroot", "-w", WEBROOT)
    packages: tuple[str, ...] = ("certbot",)
    zone: str | None = None
    settings: Path | None = None
    content: str = field(default="", repr=False)
    requirement: str = ""

    @property
    def certbot(self) -> tuple[str, ...]:
        """How certbot is run."""
        return (str(ENVIRONMENT / "bin" / "python"), "/usr/bin/certbot") if self.requirement else ("certbot",)

    def differs(self, there: Lineage) -> bool:
        """Whether a certificate that is there would be renewed in the other way."""
        noted = there.settings.get("authenticator", self.authenticator)
        return noted != self.authenticator and (self.zone is not None or noted.startswith("dns-"))


def environment_runs(folder: Path = ENVIRONMENT) -> bool:
    """Whether certbot can be run in it: a system that was upgraded to another Python leaves it without one."""
    python, systems = folder / "bin" / "python", commands.which("python3")
    return python.exists() and systems is not None and python.resolve() == Path(systems).resolve()


def needs_environment(certificates: Iterable[Lineage]) -> bool:
    """Whether one of these is renewed by a plugin that Debian does not have."""
    names = {plugin.name for plugin in PLUGINS.values() if plugin.requirement}
    return any(one.settings.get("authenticator") in names for one in certificates)


def settings_path(site: str) -> Path:
    """What the plugin signs with, for the certificate of a site."""
    return LETSENCRYPT / f"piwizard-{site}.ini"


def way_of(answers: Answers) -> Challenge:
    """The way that was answered. PiwizardError where the provider of the names cannot go it."""
    if answers.get("tls.challenge", "http") == "http":
        return Challenge()
    plugin = _plugin(answers)
    account = account_of(answers)
    _within(_apex(account), answers["site.domains"], account)
    path = settings_path(str(answers.site))
    options = ("--authenticator", plugin.name, f"--{plugin.name}-credentials", str(path))
    return Challenge(
        plugin.name,
        options,
        ("certbot", *plugin.packages),
        "duckdns.org" if account.provider.name == "duckdns" else _apex(account),
        path,
        f"# Made by piwizard, from ddns.password.\n{plugin.token} = {account.secret}\n",
        plugin.requirement,
    )


def _plugin(answers: Answers) -> Plugin:
    able = ", ".join(PROVIDERS[name].title for name in PLUGINS)
    only_http = 'Else set tls.challenge to "http", which needs port 80 forwarded to this Pi.'
    provider = answers.get("ddns.provider")
    if provider is None or answers.get("ddns.hostname") is None:
        raise PiwizardError(
            'tls.challenge is "dns", and ddns.provider or ddns.hostname is missing: it is the account there that makes '
            "the records.",
            key="tls.challenge",
            hint=f"Answer the questions of the step ddns; these providers can do it: {able}. {only_http}",
        )
    if provider not in PLUGINS:
        raise PiwizardError(
            f'tls.challenge cannot be "dns" at {PROVIDERS[provider].title}: certbot has no plugin for it that works '
            f"with this account. These providers can do it: {able}.",
            key="tls.challenge",
            hint=only_http,
        )
    return PLUGINS[provider]


def _apex(account: Account) -> str:
    """Names from it on down are the account's."""
    handed_out = account.provider.owns(account.hostname)
    return ".".join(account.hostname.split(".")[-3:]) if handed_out else account.zone


def _within(zone: str, domains: Iterable[str], account: Account) -> None:
    names = list(domains)
    for name in names:
        if name != zone and not name.endswith(f".{zone}"):
            raise PiwizardError(
                f'site.domains: {name} does not belong to {zone}, and with tls.challenge = "dns" only names of that '
                f"zone of {account.provider.title} can be certified.",
                key="site.domains",
                hint='Leave the name out, or set tls.challenge to "http".',
            )
    if account.provider.name == "duckdns" and len(names) > 1:
        raise PiwizardError(
            "site.domains: DuckDNS keeps one record for a name and all below it, so that with tls.challenge = "
            f'"dns" a certificate is for one name only, and here are {len(names)}.',
            key="site.domains",
            hint=f"Leave only one of them, such as {zone}.",
        )
