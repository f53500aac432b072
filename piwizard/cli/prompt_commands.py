"""Offer commands in the menu of the plain prompts, as the command line has them."""

from __future__ import annotations

from piwizard.cli import apply, undo, uninstall
from piwizard.diagnosis import checkup, journald
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_flow import SiteCommands
from piwizard.steps.registry import STEPS, step_named
from piwizard.system import commands, console, printable

LOG_LINES = 40


def site_commands() -> SiteCommands:
    """Return the commands, each for one site."""
    return SiteCommands(_deploy, _show_log, _check, _undo, _remove)


def _deploy(site: str) -> int:
    steps = tuple(step.name for step in STEPS if step.deployed)
    return apply.apply_steps(steps, None, site, yes=False, detach=False, as_json=False, newest=True)


def _show_log(site: str) -> None:
    """Print the newest lines of the app's log."""
    result = commands.run(journald.argv(f"{site}.service", LOG_LINES))
    if not result.ok:
        raise PiwizardError(f"The log of {site} cannot be read.", hint="Run `piwizard doctor` for details.")
    lines = journald.parse(result.output)
    console.say(f"The last {len(lines)} lines of the log of {site}:")
    console.say(*(f"  {one.at:%Y-%m-%d %H:%M:%S} {printable.terminal_line(one.text)}" for one in lines))


def _check(site: str) -> int:
    return checkup.run(site, as_json=False)


def _undo(step: str, site: str | None) -> int:
    of_site = step_named(step).scope == "site"
    return undo.undo_step(step, site if of_site else None, data=False, yes=False, as_json=False)


def _remove(site: str) -> int:
    return uninstall.remove_site(site, keep_data=False, yes=False, as_json=False)
