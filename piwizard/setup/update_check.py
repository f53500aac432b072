"""Put updates into effect, and check this machine after them.

systemd starts it when Debian's unattended-upgrades has ended.
"""

from __future__ import annotations

from datetime import timedelta

from piwizard.alerts import event
from piwizard.engine import run_launch
from piwizard.setup import alert_check, health_timer, workspace
from piwizard.setup.update_cause import MAX_NAMED
from piwizard.system import commands, replaced_files
from piwizard.system.dpkg_log import Upgrade, recent_upgrades

NGINX = "nginx.service"
UPGRADE_NGINX = ("/etc/init.d/nginx", "upgrade")
"""Debian's own way: a new main process takes over the sockets, and the old one ends after its last request."""
RUN = timedelta(hours=6)
"""The longest time that unattended-upgrades takes on a small board."""


def check_after_updates() -> list[str]:
    """Restart services that use replaced files, then check.

    Return lines for the journal.
    """
    upgraded = recent_upgrades(RUN)
    if not upgraded:
        return []
    run_launch.wait_until_free()
    lines = [f"{health_timer.NOTICE}Updated: {list_upgrades(upgraded)}.", *_restart_outdated()]
    if event.events_dir().is_dir():
        return [*lines, *alert_check.check(complete=True)]
    return [*lines, *health_timer.refresh()]


def list_upgrades(upgraded: list[Upgrade]) -> str:
    """Return the upgrades in words, with the newest first."""
    named = ", ".join(one.text for one in upgraded[::-1][:MAX_NAMED])
    return f"{named} and {len(upgraded) - MAX_NAMED} more" if len(upgraded) > MAX_NAMED else named


def _restart_outdated() -> list[str]:
    """Restart what still runs with replaced files. No request fails by that."""
    sites = [f"{site}.service" for site in workspace.planner(None).answers.sites]
    lines = []
    for unit in replaced_files.outdated_services((NGINX, *sites)):
        if unit == NGINX and not commands.run(("nginx", "-t")).ok:
            lines.append(
                f"{health_timer.WARNING}nginx rejects its configuration since the update: the old one runs on."
            )
            continue
        argv = UPGRADE_NGINX if unit == NGINX else ("systemctl", "restart", unit)
        result = commands.run(argv)
        said = "restarted" if result.ok else f"could not be restarted: {result.last_lines}"
        lines.append(f"{health_timer.NOTICE if result.ok else health_timer.WARNING}{unit}: {said}.")
    return lines
