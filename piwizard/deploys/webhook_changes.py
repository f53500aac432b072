"""Make the changes for a webhook, which nginx passes to a confined program."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import DisabledUnit, RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.changes.user import SystemUser
from piwizard.nginx.server_blocks import paths_folder
from piwizard.templates.render import render

UNITS = Path("/etc/systemd/system")
RECEIVER = Path(__file__).with_name("webhook_receiver.py")
"""Not imported: it would load an HTTP server, which plans do not need."""
PROGRAM = Path("/usr/local/lib/piwizard/webhook.py")
SECRETS = Path("/etc/piwizard/webhook")
USER, NO_HOME = "piwizard-webhook", Path("/nonexistent")
NGINX_TEST = ("nginx", "-t")
RELOAD_NGINX = Activation(("systemctl", "reload-or-restart", "nginx.service"))
RELOAD_UNITS = Activation(("systemctl", "daemon-reload"))


def webhook_path(site: str) -> str:
    """Return the path of the address that the git server calls."""
    return f"/.piwizard/deploy/{site}"


def sockets(site: str) -> tuple[str, str]:
    """Return the sockets: for nginx, and the one that starts a deploy."""
    return f"piwizard-webhook-{site}.socket", f"piwizard-deploy-{site}.socket"


def webhook_changes(site: str, owner: str, branch: str, secret: str) -> tuple[Change, ...]:
    """Return the changes for a webhook.

    It is called at the domains of `owner`: the site itself, or the one above its path.
    """
    program = File(PROGRAM, RECEIVER.read_text(encoding="utf-8"))
    folders = (Folder(PROGRAM.parent), Folder(SECRETS.parent), Folder(SECRETS, 0o700))
    service, (listening, door) = f"piwizard-webhook-{site}.service", sockets(site)
    values = {"site": site, "user": USER}
    units = (
        File(_secret(site), f"{secret}\n", 0o600, secret=True),
        File(
            UNITS / service,
            render(
                "systemd/webhook.service.j2",
                program=str(PROGRAM),
                secret=str(_secret(site)),
                branch=branch,
                **values,
            ),
        ),
        File(UNITS / listening, render("systemd/webhook.socket.j2", **values)),
        File(UNITS / door, render("systemd/webhook-door.socket.j2", **values)),
    )
    restart = Activation(("systemctl", "try-restart", service), unit=service)
    zone = f"piwizard_webhook_{site}"
    limit, location = _nginx_files(site, owner)
    nginx = (
        File(limit, render("nginx/webhook-limit.conf.j2", site=site, zone=zone)),
        File(location, render("nginx/webhook.conf.j2", site=site, zone=zone)),
    )
    return (
        SystemUser(USER, NO_HOME, shared=True),
        Transaction("webhook-program", (*folders, program), shared=True),
        Transaction(f"{site}-webhook-units", units, activate=(RELOAD_UNITS, restart)),
        RunningUnit(door),
        RunningUnit(listening),
        Folder(location.parent),
        Transaction(f"{site}-webhook", nginx, validate=NGINX_TEST, activate=(RELOAD_NGINX,)),
    )


def no_webhook_changes(site: str, owner: str) -> tuple[Change, ...]:
    """Return the changes that close the address and forget its secret."""
    names = (*sockets(site), f"piwizard-webhook-{site}.service")
    units = (*(AbsentFile(UNITS / name) for name in names), AbsentFile(_secret(site)))
    nginx = tuple(AbsentFile(path) for path in _nginx_files(site, owner)[::-1])
    return (
        Transaction(f"{site}-webhook", nginx, validate=NGINX_TEST, activate=(RELOAD_NGINX,)),
        *(DisabledUnit(name) for name in names),
        Transaction(f"{site}-webhook-units", units, activate=(RELOAD_UNITS,)),
    )


def _secret(site: str) -> Path:
    return SECRETS / f"{site}.secret"


def _nginx_files(site: str, owner: str) -> tuple[Path, Path]:
    """Return nginx's files. No site has an underscore in its name, so that none has the second file."""
    return Path(f"/etc/nginx/conf.d/piwizard-webhook-{site}.conf"), Path(paths_folder(owner)) / f"{site}_webhook.conf"
