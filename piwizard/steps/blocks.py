"""Make a site's server block from context and answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers.model import Answers
from piwizard.apps import app_units
from piwizard.changes.file import File
from piwizard.changes.transaction import Activation
from piwizard.nginx.home_names import home_patterns
from piwizard.nginx.server_blocks import SiteBlock, render_site
from piwizard.nginx.tls_settings import BOOKWORM, HSTS_SECONDS, Tls, TlsEngine, engine
from piwizard.steps.step import PlanContext, app_of
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls import lineage
from piwizard.tls.certified_names import public_names

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig as App

AVAILABLE = Path("/etc/nginx/sites-available")
ENABLED = Path("/etc/nginx/sites-enabled")
NGINX_TEST = ("nginx", "-t")
RELOAD_NGINX = (Activation(("systemctl", "reload-or-restart", "nginx.service")),)


def site_file(context: PlanContext, answers: Answers, certificate: str | None) -> File:
    """Return the site's file in sites-available, with this certificate or none."""
    block = site_block(context, answers, certificate)
    return File(AVAILABLE / block.name, render_site(block))


def site_block(
    context: PlanContext, answers: Answers, certificate: str | None, *, path: str = "", owner: str = ""
) -> SiteBlock:
    """Return the values for a site's server block, or for its locations.

    With a `path`, these are included in the server block of its `owner`.
    """
    app = app_of(context, answers)
    name, public = app.layout.site, app.layout.current / "public"
    passed, domains = _passed(app), public_names(answers)
    return SiteBlock(
        name=name,
        domains=domains if certificate else tuple(answers["site.domains"]),
        socket=app_units.socket_path(name),
        static={f"{path}{prefix}": f"{public}{prefix}" for prefix in app.static if prefix not in passed},
        root_files={} if path else {url: f"{public}{url}" for url in app.root_files},
        passed=tuple(f"{path}{url}" for url in passed),
        max_body_mib=app.upload_limit,
        path=path,
        owner=owner,
        pages=(str(app.layout.own_pages), str(app.layout.current / "pages")),
        local=tuple(name for name in answers["site.domains"] if name not in domains) if certificate else (),
        home_names=home_patterns(context.machine.hostname),
        tls=Tls(certificate, engine_of(context), HSTS_SECONDS[answers.get("tls.hsts", "one-day")])
        if certificate
        else None,
    )


@dataclass(frozen=True)
class ChosenCertificate:
    """The certificate for a site: its name in certbot, and whether the user made it."""

    name: str
    of_user: bool


def certificate_of(context: PlanContext, answers: Answers) -> ChosenCertificate:
    """Return the certificate in use, else one that covers all domains, else ours.

    Certificates that the user made are used and never changed.
    """
    site, there = str(answers.site), context.certificates
    ours = lineage.name_for(site)
    used = Path(there.in_use.get(site, "")).name
    if used == ours or answers.get("tls.server"):
        return ChosenCertificate(ours, of_user=False)
    found = there.of_user(public_names(answers), used)
    return ChosenCertificate(found.name, of_user=True) if found else ChosenCertificate(ours, of_user=False)


def engine_of(context: PlanContext) -> TlsEngine:
    """Return the nginx that is installed, or that Debian would install."""
    if context.machine.nginx_version is None and context.machine.os.version == "12":
        return BOOKWORM
    return engine(context.machine.nginx_version, context.machine.openssl_version)


def bare_name(domains: Sequence[str]) -> str:
    """Return the first domain that does not redirect to another."""
    bare = domains[0].removeprefix("www.")
    return bare if bare in domains else domains[0]


def _passed(app: App) -> tuple[str, ...]:
    """Return the URLs of files that the app writes in its static folders; published copies would be outdated."""
    found = []
    for prefix, folder in app.static.items():
        for path in app.answers.get("app.writable", []):
            if path == folder or folder.startswith(f"{path}/"):
                found.append(prefix)
            elif path.startswith(f"{folder}/"):
                below = path.removeprefix(f"{folder}/")
                found.append(f"{prefix}{below}" if "." in below.rpartition("/")[2] else f"{prefix}{below}/")
    return tuple(dict.fromkeys(found))
