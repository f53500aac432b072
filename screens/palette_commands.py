"""List all commands of the palette."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from piwizard.errors import PiwizardError
from piwizard.screens.shell import open_shell
from piwizard.setup.reach import FORWARD
from piwizard.steps.router import BY_HAND

if TYPE_CHECKING:
    from piwizard.screens.textual_app import PiwizardApp


def commands(app: PiwizardApp) -> Iterator[SystemCommand]:
    """Yield the commands, those of each site first."""
    go = app.navigator
    try:
        sites = app.service.answering.sites()
    except PiwizardError:  # the overview shows it
        sites = []
    for site in sites:
        yield SystemCommand(f"Deploy {site}", "install the newest commit", partial(go.runs.deploy, site))
        yield SystemCommand(f"Log of {site}", "what the app prints, live", partial(go.open_app_log, site))
        yield SystemCommand(f"Settings of {site}", "answers, address, HTTPS", partial(go.open_settings, site))
        yield SystemCommand(
            f"Automatic deploys of {site}",
            "how new versions get online, and how the last one did",
            partial(go.open_deploys, site),
        )
        yield SystemCommand(f"Versions of {site}", "releases, roll back, maintenance", partial(go.open_versions, site))
        if _by_hand(app, site):
            yield SystemCommand(f"Router steps for {site}", "what to enter by hand", partial(go.open_router, site))
        yield SystemCommand(f"More about {site}", "undo, remove, deploy key", partial(go.open_site, site))
    yield SystemCommand("Overview", "all sites and this Pi", go.open_home)
    yield SystemCommand("Add a site", "set up another app", go.open_setup)
    yield SystemCommand("Checkup", "every check from a visitor's view", go.open_checkup)
    yield SystemCommand("Diagnose and fix problems", "of all sites and of this Pi", go.open_doctor)
    yield SystemCommand("Backups", "back up now, test, restore a site", go.open_backups)
    yield SystemCommand("Recovery sheet", "what a new Pi needs to restore everything", go.open_sheet)
    yield SystemCommand("Alerts", "problems, last messages, a test", go.open_alerts)
    yield SystemCommand("Updates", "updates, rebuilds, vulnerabilities", go.open_updates)
    yield SystemCommand("Report for a helper", "you see it before it is written", go.open_report)
    yield SystemCommand("Restore from a broken Pi", "on a fresh Pi, by its recovery sheet", go.open_pi_restore)
    yield SystemCommand("Rehearse in a throwaway copy", "the whole setup, with a sample app", go.open_rehearsal)
    yield SystemCommand("Run log", "log of the current or the last run", go.open_log)
    yield SystemCommand("Activity", "all runs, newest first", go.open_activity)
    yield SystemCommand("All steps", "their state; run single ones again", go.open_steps)
    yield SystemCommand("Stop the current run", "it can be continued later", go.runs.stop)
    yield SystemCommand("Keep the address on trial", "piwizard confirm", app.ask_about_address)
    yield SystemCommand("Undo everything", "all steps of all sites; asks before it starts", go.open_full_undo)
    yield SystemCommand("Root shell", "`exit` returns to piwizard", partial(open_shell, app))
    yield SystemCommand("Colors", "for a light or a dark terminal", app.switch_colors)
    yield SystemCommand("Help", "keys and symbols", app.action_help)
    yield SystemCommand("Quit", "a run continues", app.action_leave)


def _by_hand(app: PiwizardApp, site: str) -> bool:
    """Return whether there are steps for the router. Quick: reads the answers alone."""
    return bool(app.service.answering.get(site, FORWARD) == BY_HAND)
