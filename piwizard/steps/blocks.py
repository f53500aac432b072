"""A site's server block, worked out from facts and answers alone: the steps that speak of it write the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from piwizard import systemd_units
from piwizard.answers import Answers
from piwizard.apps.chosen import Chosen
from piwizard.changes.file import File
from piwizard.changes.group import Then
from piwizard.nginx.site import SiteBlock, render_site
from piwizard.nginx.tls import Engine, Tls, engine
from piwizard.steps.step import Ground, app_of

AVAILABLE = Path("/etc/nginx/sites-available")
ENABLED = Path("/etc/nginx/sites-enabled")
TEST = ("nginx", "-t")
TAKE_UP = (Then(("systemctl", "reload-or-restart", "nginx.service")),)


def site_file(ground: Ground, answers: Answers, certificate: str | None) -> File:
    """The site's file in sites-available, with this folder of a certificate or without."""
    app = app_of(ground, answers)
    name, public = app.layout.site, app.layout.current / "public"
    block = SiteBlock(
        name=name,
        domains=tuple(answers["site.domains"]),
        socket=systemd_units.socket_path(name),
        static={prefix: f"{public}{prefix}" for prefix in app.static},
        root_files={url: f"{public}{url}" for url in app.root_files},
        passed=_passed(app),
        ipv6=ground.ipv6,
        tls=Tls(certificate, engine_of(ground), answers.get("tls.hsts", True)) if certificate else None,
    )
    return File(AVAILABLE / name, render_site(block))


def engine_of(ground: Ground) -> Engine:
    """The nginx that there is."""
    return engine(ground.machine.nginx_version, ground.machine.openssl_version)


def bare_name(domains: Sequence[str]) -> str:
    """The name that the site is looked at by: the first that does not lead to another one."""
    bare = domains[0].removeprefix("www.")
    return bare if bare in domains else domains[0]


def _passed(app: Chosen) -> tuple[str, ...]:
    """The URLs of what the app writes inside of its static folders: published copies would never change."""
    found = []
    for prefix, folder in app.static.items():
        for path in app.answers.get("app.writable", []):
            if path == folder or folder.startswith(f"{path}/"):
                found.append(prefix)
            elif path.startswith(f"{folder}/"):
                below = path.removeprefix(f"{folder}/")
                found.append(f"{prefix}{below}" if "." in below.rpartition("/")[2] else f"{prefix}{below}/")
    return tuple(found)
