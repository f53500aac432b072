"""How Let's Encrypt is shown that the names are yours: by a page at port 80, or by a record in the DNS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from piwizard.answers import Answers
from piwizard.ddns.account import Account, account_of
from piwizard.ddns.providers import PROVIDERS
from piwizard.errors import PiwizardError
from piwizard.nginx.tls import WEBROOT
from piwizard.tls.lineage import LETSENCRYPT, Lineage


@dataclass(frozen=True)
class Plugin:
    """certbot's plugin for a provider: `name` at certbot, `token` the line of its settings, and where it comes from."""

    name: str
    token: str
    package: str


PLUGINS = {
    "cloudflare": Plugin("dns-cloudflare", "dns_cloudflare_api_token", "python3-certbot-dns-cloudflare"),
}


@dataclass(frozen=True)
class Way:
    """`options` are certbot's. By DNS there is a `zone` that the records are made in, by a plugin with its settings."""

    authenticator: str = "webroot"
    options: tuple[str, ...] = ("--webroot", "-w", WEBROOT)
    packages: tuple[str, ...] = ("certbot",)
    zone: str | None = None
    settings: Path | None = None
    content: str = field(default="", repr=False)

    def differs(self, there: Lineage) -> bool:
        """Whether a certificate that is there would be renewed in the other way."""
        noted = there.settings.get("authenticator", self.authenticator)
        return noted != self.authenticator and (self.zone is not None or noted.startswith("dns-"))


def settings_path(site: str) -> Path:
    """What the plugin signs with, for the certificate of a site."""
    return LETSENCRYPT / f"piwizard-{site}.ini"


def way_of(answers: Answers) -> Way:
    """The way that was answered. PiwizardError where the provider of the names cannot go it."""
    if answers.get("tls.challenge", "http") == "http":
        return Way()
    plugin = _plugin(answers)
    account = account_of(answers)
    zone = _zone(account)
    _within(zone, answers["site.domains"], account)
    path = settings_path(str(answers.site))
    options = ("--authenticator", plugin.name, f"--{plugin.name}-credentials", str(path))
    return Way(
        plugin.name,
        options,
        ("certbot", plugin.package),
        zone,
        path,
        f"# Made by piwizard, from ddns.password.\n{plugin.token} = {account.secret}\n",
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
            hint=f"Answer the questions of the step ddns; this provider can do it: {able}. {only_http}",
        )
    if provider not in PLUGINS:
        raise PiwizardError(
            f'tls.challenge cannot be "dns" at {PROVIDERS[provider].title}: certbot has no plugin for it that works '
            f"with this account. This provider can do it: {able}.",
            key="tls.challenge",
            hint=only_http,
        )
    return PLUGINS[provider]


def _zone(account: Account) -> str:
    return account.zone


def _within(zone: str, domains: Iterable[str], account: Account) -> None:
    for name in domains:
        if name != zone and not name.endswith(f".{zone}"):
            raise PiwizardError(
                f'site.domains: {name} does not belong to {zone}, and with tls.challenge = "dns" only names of that '
                f"zone of {account.provider.title} can be certified.",
                key="site.domains",
                hint='Leave the name out, or set tls.challenge to "http".',
            )
