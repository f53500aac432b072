"""Limit the logs of nginx by size: Debian's logrotate limits the days only."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.templates.render import render

PACKAGE = "logrotate"
SETTINGS = Path("/etc/piwizard/nginx-logs.conf")
UNITS = Path("/etc/systemd/system")
TIMER, SERVICE = "piwizard-nginx-logs.timer", "piwizard-nginx-logs.service"
MAX_MEGABYTES = 20
"""A log is rotated at this size. A visit takes about 200 bytes: an ordinary site never reaches it in a day."""
KEPT_FILES = 14
"""As many as Debian keeps."""
MINUTES = 5
"""Until the size is compared again: a flood fills no card in that time."""


def log_limit_changes() -> tuple[Change, ...]:
    """Return the changes that set up the limit, once logrotate is installed."""
    settings = render("nginx/log-limit.conf.j2", megabytes=MAX_MEGABYTES, kept=KEPT_FILES)
    units = (
        Folder(SETTINGS.parent),
        File(SETTINGS, settings),
        File(UNITS / SERVICE, render("systemd/nginx-logs.service.j2", settings=str(SETTINGS))),
        File(UNITS / TIMER, render("systemd/nginx-logs.timer.j2", minutes=MINUTES)),
    )
    restart = Activation(("systemctl", "try-restart", TIMER), unit=TIMER)
    reload = Activation(("systemctl", "daemon-reload"))
    return (Transaction("nginx-logs", units, activate=(reload, restart)), RunningUnit(TIMER))
