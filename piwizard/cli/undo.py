"""Undo one step."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from piwizard.cli.apply import watch_run
from piwizard.engine import run_launch
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.setup import undo_summary, workspace
from piwizard.steps.registry import DATA_STEP, StepInstance, step_named
from piwizard.system import app_data, console


def undo_step(step: str, site: str | None, *, data: bool, yes: bool, as_json: bool) -> int:
    """Undo a step in a run of its own, and return the exit code. Needs no answers.

    Keep what an app has written, unless `data` is set or the user says otherwise.
    """
    run_launch.require_systemd()
    chosen = step_named(step)
    step = chosen.name
    if chosen.scope == "site" and site is None:
        site = _only_site(chosen.title)
    site = site if chosen.scope == "site" else None
    if data and not chosen.holds_data:
        raise PiwizardError(f"{chosen.title} has no app data.", hint=f"Use --data with {DATA_STEP} or with --all.")
    # An entry without a journal: an earlier undo was interrupted just before it removed the entry.
    backups = workspace.backups_dir()
    kept = data and (step, site) in Leftovers(backups).steps()
    if not Journal(backups, step, site).records() and not workspace.state().entry(step, site) and not kept:
        if not as_json:
            console.say(f"{StepInstance(chosen, site).title} has not changed anything, so there is nothing to undo.")
        return 0
    if not yes:
        _require_unused(StepInstance(chosen, site))
    written = app_data.measure_site(site) if site and chosen.holds_data else None
    ask = not yes and not as_json and sys.stdin.isatty()
    if data and written and written.any and not yes and not ask:
        raise PiwizardError(
            f"`--data` deletes {written}, and there is no terminal to ask you for confirmation. Nothing was changed.",
            hint="Add `--yes` to delete the data, or omit `--data` to keep it.",
        )
    if ask:
        title = StepInstance(chosen, site).title
        announce_undo(f"Undoing {title} means:", [(step, site)])
        console.confirm(f"Undo {title}?")
        data = bool(written and written.any and console.agreed(f"Also delete {written}?"))
    if data and written:
        app_data.require_one_file_system(written.folder)
        if not as_json:
            console.say(f"Deleting {written}.")
    wipe = (site,) if data and written and site else ()
    wanted = run_launch.RunRequest("undo", ((step, site),), wipe=wipe)
    return watch_run(run_launch.start(wanted), as_json=as_json)


def announce_undo(heading: str, steps: Sequence[tuple[str, str | None]]) -> None:
    """Print what an undo removes and restores, and which sites go offline."""
    console.say(((heading, "heading"),))
    for site in undo_summary.sites_going_offline(workspace.state(), steps):
        console.say((("  ! ", "attention"), (f"{site} goes offline.", "")))
    console.say(*undo_summary.describe_undo(workspace.backups_dir(), steps))


def _only_site(title: str) -> str:
    """Return the only site, from the answers or from what is set up; raise PiwizardError if there are several."""
    sites = list(dict.fromkeys((*workspace.planner(None).answers.sites, *workspace.set_up())))
    if len(sites) != 1:
        raise PiwizardError(
            f"{title} belongs to a site. Add --site NAME.", hint=f"Sites: {', '.join(sites) or 'none yet'}."
        )
    return sites[0]


def _require_unused(instance: StepInstance) -> None:
    """Raise PiwizardError if other steps that are done depend on this one."""
    dependents = undo_summary.find_dependents(workspace.state(), instance)
    if dependents:
        others = ", ".join(one.title for one in dependents)
        raise PiwizardError(
            f"{others} {'needs' if len(dependents) == 1 else 'need'} {instance.title} and would stop working.",
            hint=f"Undo that first, or add --yes to undo {instance.title} anyway.",
        )
