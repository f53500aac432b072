"""A site's server block, worked out from facts and answers alone: the steps that speak of it write the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers.model import Answers
from piwizard.apps import app_units
from piwizard.changes.file import File
from piwizard.changes.transaction import Then
from piwizard.nginx.server_blocks import SiteBlock, render_site
from piwizard.nginx.tls_settings import BOOKWORM, Tls, TlsEngine, engine
from piwizard.steps.step import PlanContext, app_of
from piwizard.tls import lineage

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig as App

AVAILABLE = Path("/etc/nginx/sites-available")
ENABLED = Path("/etc/nginx/sites-enabled")
TEST = ("nginx", "-t")
TAKE_UP = (Then(("systemctl", "reload-or-restart", "nginx.service")),)


def site_file(ground: PlanContext, answers: Answers, certificate: str | None) -> File:
    """The site's file in sites-available, with this folder of a certificate or without."""
    app = app_of(ground, answers)
    name, public = app.layout.site, app.layout.current / "public"
    passed = _passed(app)
    block = SiteBlock(
        name=name,
        domains=tuple(answers["site.domains"]),
        socket=app_units.socket_path(name),
        static={prefix: f"{public}{prefix}" for prefix in app.static if prefix not in passed},
        root_files={url: f"{public}{url}" for url in app.root_files},
        passed=passed,
        tls=Tls(certificate, engine_of(ground), answers.get("tls.hsts", True)) if certificate else None,
    )
    return File(AVAILABLE / name, render_site(block))


@dataclass(frozen=True)
class Chosen:
    """The certificate for a site: its name at certbot, and whether piwizard only uses it."""

    name: str
    of_person: bool


def certificate_of(ground: PlanContext, answers: Answers) -> Chosen:
    """A certificate that is there and covers all names, the one in use first; else one of piwizard's own.

    Certificates that other sites are set up with by hand are a person's too: they are used and never altered.
    """
    site, there = str(answers.site), ground.certificates
    ours = lineage.name_for(site)
    used = Path(there.in_use.get(site, "")).name
    if used == ours or answers.get("tls.server"):
        return Chosen(ours, of_person=False)
    found = there.of_person(answers["site.domains"], used)
    return Chosen(found.name, of_person=True) if found else Chosen(ours, of_person=False)


def engine_of(ground: PlanContext) -> TlsEngine:
    """The nginx that there is, or that this release of Debian will bring."""
    if ground.machine.nginx_version is None and ground.machine.os.version == "12":
        return BOOKWORM
    return engine(ground.machine.nginx_version, ground.machine.openssl_version)


def bare_name(domains: Sequence[str]) -> str:
    """The name that the site is looked at by: the first that does not lead to another one."""
    bare = domains[0].removeprefix("www.")
    return bare if bare in domains else domains[0]


def _passed(app: App) -> tuple[str, ...]:
    """The URLs of what the app writes inside of its static folders: published copies would never change."""
    found = []
    for prefix, folder in app.static.items():
        for path in app.answers.get("app.writable", []):
            if path == folder or folder.startswith(f"{path}/"):
                found.append(prefix)
            elif path.startswith(f"{folder}/"):
                below = path.removeprefix(f"{folder}/")
                found.append(f"{prefix}{below}" if "." in below.rpartition("/")[2] else f"{prefix}{below}/")
    return tuple(dict.fromkeys(found))
