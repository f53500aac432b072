"""Choose the validation method: HTTP-01 (a page at port 80) or DNS-01 (a record)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.dns.ddns_account import Account, account_of
from piwizard.dns.providers import PROVIDERS
from piwizard.errors import PiwizardError
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls.certified_names import certified_names
from piwizard.tls.lineage import LETSENCRYPT, Lineage


@dataclass(frozen=True)
class Plugin:
    """certbot's plugin for a provider.

    `name` is certbot's name for it, `token` the key in its settings file. A plugin that is not in Debian is a
    `requirement` for pip: the version that works with certbot 2.1 (bookworm) and 4.0 (trixie), and the hash of its
    wheel. Its dependencies are Debian `packages`: nothing else is downloaded from PyPI.
    """

    name: str
    token: str
    packages: tuple[str, ...]
    requirement: str = ""


PLUGIN_DEPENDENCIES = ("python3-venv", "python3-dnspython", "python3-requests")
PLUGINS = {
    "cloudflare": Plugin("dns-cloudflare", "dns_cloudflare_api_token", ("python3-certbot-dns-cloudflare",)),
    "duckdns": Plugin(
        "dns-duckdns",
        "dns_duckdns_token",
        PLUGIN_DEPENDENCIES,
        "certbot-dns-duckdns==1.9.0 --hash=sha256:0fd37d2a5cb3a636f0812fb65f60034f5dcb98a55d84c752590ab15c4b44f307",
    ),
    "desec": Plugin(
        "dns-desec",
        "dns_desec_token",
        PLUGIN_DEPENDENCIES,
        "certbot-dns-desec==1.3.2 --hash=sha256:3b7aed97b808383874da4f8c3668d4142002c870d8e26cda3f7feb2a319a0964",
    ),
}
ENVIRONMENT = Path("/opt/piwizard-certbot")
"""Virtual environment with the plugins that are not in Debian; it also sees Debian's packages."""


@dataclass(frozen=True)
class Challenge:
    """A validation method, with certbot's `options` for it.

    For DNS-01: the `zone` where the plugin creates records, and the `content` of its `settings` file. With a
    `requirement`, certbot runs in ENVIRONMENT.
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
        """Return the command that runs certbot."""
        return (str(ENVIRONMENT / "bin" / "python"), "/usr/bin/certbot") if self.requirement else ("certbot",)

    def differs_from(self, existing: Lineage) -> bool:
        """Return whether a certificate is renewed by the other method."""
        authenticator = existing.settings.get("authenticator", self.authenticator)
        return authenticator != self.authenticator and (self.zone is not None or authenticator.startswith("dns-"))


def environment_runs(folder: Path = ENVIRONMENT) -> bool:
    """Return whether the environment has the Python of the system.

    After an upgrade of the system to another Python it does not, and certbot cannot run in it.
    """
    python, system_python = folder / "bin" / "python", commands.which("python3")
    return python.exists() and system_python is not None and python.resolve() == Path(system_python).resolve()


def needs_environment(certificates: Iterable[Lineage]) -> bool:
    """Return whether a plugin that is not in Debian renews one of these."""
    names = {plugin.name for plugin in PLUGINS.values() if plugin.requirement}
    return any(one.settings.get("authenticator") in names for one in certificates)


def settings_path(site: str) -> Path:
    """Return the path of the plugin's settings for a site, with the token."""
    return LETSENCRYPT / f"piwizard-{site}.ini"


def choose_challenge(answers: Answers) -> Challenge:
    """Return the chosen challenge; raise PiwizardError if it cannot work."""
    if answers.get("tls.challenge", "http") == "http":
        return Challenge()
    plugin = _choose_plugin(answers)
    account = account_of(answers)
    _require_zone(_find_zone(account), certified_names(answers), account)
    path = settings_path(str(answers.site))
    options = ("--authenticator", plugin.name, f"--{plugin.name}-credentials", str(path))
    return Challenge(
        plugin.name,
        options,
        ("certbot", *plugin.packages),
        "duckdns.org" if account.provider.name == "duckdns" else _find_zone(account),
        path,
        f"# Written by piwizard, from ddns.password.\n{plugin.token} = {account.secret}\n",
        plugin.requirement,
    )


def _choose_plugin(answers: Answers) -> Plugin:
    supported = ", ".join(PROVIDERS[name].title for name in PLUGINS)
    use_http = 'Otherwise, set tls.challenge to "http", which needs port 80 forwarded to this Pi.'
    provider = answers.get("ddns.provider")
    if provider is None or answers.get("ddns.hostname") is None:
        raise PiwizardError(
            'tls.challenge is "dns", but ddns.provider or ddns.hostname is missing. certbot needs this account to '
            "create the records.",
            key="tls.challenge",
            hint=f"Answer the questions of the step ddns. Supported providers: {supported}. {use_http}",
        )
    if provider not in PLUGINS:
        raise PiwizardError(
            f'tls.challenge cannot be "dns" with {PROVIDERS[provider].title}: certbot has no plugin for it.',
            key="tls.challenge",
            hint=f"Supported providers: {supported}. {use_http}",
        )
    return PLUGINS[provider]


def _find_zone(account: Account) -> str:
    """Return the topmost domain that belongs to the account."""
    from_provider = account.provider.owns(account.hostname)
    return ".".join(account.hostname.split(".")[-3:]) if from_provider else account.zone


def _require_zone(zone: str, domains: Iterable[str], account: Account) -> None:
    names = list(domains)
    for name in names:
        if name != zone and not name.endswith(f".{zone}"):
            raise PiwizardError(
                f'site.domains: {name} does not belong to {zone}. With tls.challenge = "dns", all domains must belong '
                f"to that zone at {account.provider.title}.",
                key="site.domains",
                hint='Remove the domain, or set tls.challenge to "http".',
            )
    if account.provider.name == "duckdns" and len(names) > 1:
        raise PiwizardError(
            'site.domains: with DuckDNS and tls.challenge = "dns", a certificate can have only one domain, but there '
            f"are {len(names)}. DuckDNS keeps one record for a domain and its subdomains.",
            key="site.domains",
            hint=f"Keep only one of them, such as {zone}.",
        )
