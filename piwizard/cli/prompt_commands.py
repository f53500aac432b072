"""Offer commands in the menu of the plain prompts, as the command line has them."""

from __future__ import annotations

from piwizard.cli import apply, undo, uninstall
from piwizard.diagnosis import checkup, journald
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_flow import SITE, MenuCommand, SiteCommands
from piwizard.steps.registry import STEPS, step_named
from piwizard.system import commands, console, printable
from piwizard.system.plural import count_of

LOG_LINES = 40


MAINTAIN = {
    "releases": MenuCommand("the releases of a site", ("releases", SITE)),
    "rollback": MenuCommand("go back to the release before", ("rollback", SITE)),
    "forward": MenuCommand("undo the last rollback", ("undo", "rollback", "--site", SITE)),
    "close": MenuCommand("close a site for maintenance", ("maintenance", "on", SITE)),
    "open": MenuCommand("open it again", ("maintenance", "off", SITE)),
    "automatic": MenuCommand("how new versions get online by themselves", ("deploys", "--site", SITE)),
    "save": MenuCommand("make a backup now", ("backup", "now")),
    "saved": MenuCommand("the backups at the target", ("backup", "list")),
    "verify": MenuCommand("restore the newest backup for a test", ("backup", "verify")),
    "sheet": MenuCommand("the recovery sheet for a new Pi", ("backup", "sheet")),
    "restore": MenuCommand(
        "restore the data of a site",
        ("restore", "--site", SITE),
        "The last backup before which time, such as 2026-11-30 14:00? Enter: the newest one",
        "--at",
    ),
    "return": MenuCommand("undo the last restore of a site", ("restore", "--site", SITE, "--undo")),
    "problems": MenuCommand("open problems and the last messages", ("alerts", "list")),
    "test": MenuCommand("send a test message to every address", ("alerts", "test")),
    "packages": MenuCommand("what was updated in the last 30 days", ("updates", "list")),
    "rebuild": MenuCommand("rebuild the environment of a site", ("updates", "rebuild", "--site", SITE)),
}
"""By their names in the menu."""


def site_commands() -> SiteCommands:
    """Return the commands, most of them for one site."""
    return SiteCommands(_deploy, _show_log, _check, _undo, _remove, MAINTAIN, run_words)


def run_words(words: tuple[str, ...]) -> int:
    """Run `piwizard WORDS` in this process, and return its exit code."""
    from piwizard.cli.main import cli  # it imports this module

    try:
        cli.main(list(words), prog_name="piwizard", standalone_mode=False)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _deploy(site: str) -> int:
    steps = tuple(step.name for step in STEPS if step.deployed)
    return apply.apply_steps(steps, None, site, yes=False, detach=False, as_json=False, newest=True)


def _show_log(site: str) -> None:
    """Print the newest lines of the app's log."""
    result = commands.run(journald.argv(f"{site}.service", LOG_LINES))
    if not result.ok:
        raise PiwizardError(f"The log of {site} cannot be read.", hint="Run `piwizard doctor` for details.")
    lines = journald.parse(result.output)
    console.say(f"The last {count_of(len(lines), 'line')} of the log of {site}:")
    console.say(*(f"  {one.at:%Y-%m-%d %H:%M:%S} {printable.terminal_line(one.text)}" for one in lines))


def _check(site: str) -> int:
    return checkup.run(site, as_json=False)


def _undo(step: str, site: str | None) -> int:
    of_site = step_named(step).scope == "site"
    return undo.undo_step(step, site if of_site else None, data=False, yes=False, as_json=False)


def _remove(site: str) -> int:
    return uninstall.remove_site(site, keep_data=False, yes=False, as_json=False)
