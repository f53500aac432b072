"""The commands and their options."""

from __future__ import annotations

from pathlib import Path

import click

from piwizard import __version__
from piwizard.cli.error_handler import command
from piwizard.cli.ui import interactive

ANSWERS = click.option("--answers", type=click.Path(path_type=Path), help="Take the answers from this file.")
SITE = click.option("--site", metavar="NAME", help="Only this site.")
YES = click.option("--yes", is_flag=True, help="Ask nothing; also replace files that were edited by hand.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON on stdout and nothing else.")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="piwizard")
@click.option("--plain", is_flag=True, help="Ask line by line instead of opening the screens.")
@click.option("--answers", type=click.Path(path_type=Path), help="Keep the answers in this file.")
@click.pass_context
def cli(context: click.Context, plain: bool, answers: Path | None) -> None:
    """Sets up your Flask app on this Raspberry Pi: nginx, gunicorn, and what belongs to them.

    Without a command it asks and explains, step by step.
    """
    if context.invoked_subcommand is None:
        interactive(plain=plain, answers=answers)
    if answers:
        context.default_map = {command: {"answers": answers} for command in cli.commands}


@cli.command()
@ANSWERS
@JSON
@command
def status(answers: Path | None, as_json: bool) -> int:
    """Each step: todo, running, done, drifted, failed, interrupted, skipped."""
    from piwizard.cli import output
    from piwizard.network import address_trial
    from piwizard.setup import kept_answers, workspace
    from piwizard.setup.status import status as look
    from piwizard.setup.status import without_answers

    state, planner, backups = workspace.state(), workspace.planner(answers), workspace.backups()
    for words in (state.trouble, *kept_answers.remarks(answers, planner.answers)):
        output.warn(words)
    found = [*look(planner, state, backups), *without_answers(planner, state, backups)]
    tried = address_trial.current()
    if as_json:
        output.dump({"steps": [one.as_json() for one in found], "trial": tried.as_json() if tried else None})
    else:
        output.show_status(found)
        output.warn(tried.words if tried else "")
    return 0


@cli.command()
@click.argument("steps", nargs=-1)
@ANSWERS
@SITE
@JSON
@command
def plan(steps: tuple[str, ...], answers: Path | None, site: str | None, as_json: bool) -> int:
    """Diffs and commands; alters nothing. Exit 0: nothing to do, 2: something to do, 1: error."""
    from piwizard.cli import output
    from piwizard.setup import workspace
    from piwizard.setup.preview import preview_all

    planner = workspace.planner(answers)
    places = planner.select(steps, site)
    planner.require_answers(places)
    previews = preview_all(planner, places, workspace.backups())
    if as_json:
        output.dump({"steps": [output.plan_json(place, changes) for place, changes in previews]})
    else:
        for place, changes in previews:
            output.show_plan(place, changes)
    return 2 if any(not one.preview.holds for _, changes in previews for one in changes) else 0


@cli.command()
@click.argument("steps", nargs=-1)
@ANSWERS
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and come back at once.")
@click.option("--wait", is_flag=True, help="If another run is under way, wait for its end.")
@JSON
@command
def apply(
    steps: tuple[str, ...], answers: Path | None, site: str | None, yes: bool, detach: bool, wait: bool, as_json: bool
) -> int:
    """Runs what needs running, and follows the log. The run goes on if you leave."""
    from piwizard.cli import apply as applying

    return applying.apply(steps, answers, site, yes=yes, detach=detach, as_json=as_json, wait=wait)


@cli.command()
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and come back at once.")
@JSON
@command
def deploy(site: str | None, yes: bool, detach: bool, as_json: bool) -> int:
    """The app's newest commit, tried before it takes over; the one in use stays if it fails."""
    from piwizard.cli import apply as applying
    from piwizard.steps.registry import STEPS

    steps = tuple(step.name for step in STEPS if step.deployed)
    return applying.apply(steps, None, site, yes=yes, detach=detach, as_json=as_json, newest=True)


@cli.command()
@click.option("--trust", metavar="HOST", help="Show the ssh key of this server, and keep it if you say yes.")
@ANSWERS
@SITE
@click.option("--yes", is_flag=True, help="Ask nothing: with --trust, keep what the server shows.")
@JSON
@command
def key(trust: str | None, answers: Path | None, site: str | None, yes: bool, as_json: bool) -> int:
    """The site's key for a private repository, where to add it, and whether it is taken."""
    from piwizard.cli import key as keys

    if trust:
        return keys.trust(trust, answers, site, yes=yes, as_json=as_json)
    return keys.show(answers, site, as_json=as_json)


@cli.command()
@SITE
@click.option("--fix", is_flag=True, help="Mend what can be mended, after a yes.")
@click.option("--yes", is_flag=True, help="With --fix: ask nothing.")
@JSON
@command
def doctor(site: str | None, fix: bool, yes: bool, as_json: bool) -> int:
    """What is wrong, why, and what mends it. Exit 0: nothing is wrong, 1: something is."""
    from piwizard.cli.apply import apply_fixes
    from piwizard.diagnosis import doctor as diagnosis

    return diagnosis.run(site, apply_fixes, fix=fix, yes=yes, as_json=as_json)


@cli.command()
@SITE
@JSON
@command
def checkup(site: str | None, as_json: bool) -> int:
    """Everything once more, from outside in, and the grade to expect. Exit 0: nothing is wrong, 1: something is."""
    from piwizard.diagnosis import checkup as diagnosis

    return diagnosis.run(site, as_json=as_json)


@cli.command()
@click.argument("step", required=False)
@click.option("--all", "whole", is_flag=True, help="Every step of every site, last first.")
@click.option("--packages", is_flag=True, help="With --all: also the Debian packages that piwizard has brought.")
@click.option("--data", is_flag=True, help="With --all or the step app: also delete what the apps have written.")
@SITE
@YES
@JSON
@command
def undo(step: str | None, whole: bool, packages: bool, data: bool, site: str | None, yes: bool, as_json: bool) -> int:
    """Back to how it was before the step; what was edited by hand since is kept and named."""
    if whole == (step is not None) or (packages and not whole) or (whole and site):
        raise click.UsageError("Name one step, or take all back: `piwizard undo --all [--packages] [--data]`.")
    if step is not None:
        from piwizard.cli import apply as applying

        return applying.undo(step, site, data=data, yes=yes, as_json=as_json)
    from piwizard.cli import uninstall

    return uninstall.undo_all(packages=packages, data=data, yes=yes, as_json=as_json)


@cli.command()
@click.argument("site")
@click.option("--keep-data", is_flag=True, help="Keep what the app has written, in /srv/SITE/data.")
@click.option("--yes", is_flag=True, help="Ask nothing; also delete /srv/SITE/data, unless --keep-data is given.")
@JSON
@command
def remove(site: str, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Takes a whole site away: code, service, server block, data, answers; nothing of other sites."""
    from piwizard.cli import uninstall

    return uninstall.remove(site, keep_data=keep_data, yes=yes, as_json=as_json)


@cli.command()
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on showing what a run does, to its end.")
@SITE
@JSON
@command
def logs(step: str | None, follow: bool, site: str | None, as_json: bool) -> int:
    """The record of the last run of a step, or of the last run at all."""
    from piwizard.cli import logs as records
    from piwizard.cli import output

    for event in records.of(step, site, follow=follow):
        output.show_event(event, as_json=as_json)
    return 0


@cli.command()
@click.argument("step", required=False)
@JSON
@command
def stop(step: str | None, as_json: bool) -> int:
    """Stops the run that is under way, or else the background job; with a step, only what this step belongs to."""
    from piwizard.cli import logs as records
    from piwizard.cli import output
    from piwizard.engine import run_launch
    from piwizard.system import console

    run, job = records.under_way(step), records.in_background(step)
    if run:
        run_launch.stop(run)
    elif job:
        job[1].stop()
    if as_json:
        output.dump({"stopped": run or (job and job[1].unit)})
    elif run:
        console.say(f"The run {run} was stopped; `piwizard apply` continues it.")
    elif job:
        console.say(f"{job[1].what} was stopped; `piwizard apply {job[0].name}` starts it again.")
    else:
        console.say("No run is under way.")
    return 0


@cli.command()
@JSON
@command
def confirm(as_json: bool) -> int:
    """Keeps the address that is on trial; without it the old one comes back."""
    from piwizard.cli import output
    from piwizard.network import address_trial
    from piwizard.system import console

    kept = address_trial.confirm()
    if as_json:
        output.dump({"confirmed": {"interface": kept.interface, "address": kept.address}})
    else:
        console.say(f"{kept.host} stays, also after a restart.")
    return 0


@cli.command()
@click.option("--output", "output_file", type=click.Path(path_type=Path), help="Write it to this file.")
@click.option("--yes", is_flag=True, help="Write it without showing it first.")
@JSON
@command
def report(output_file: Path | None, yes: bool, as_json: bool) -> int:
    """A bundle to show to someone who helps, without secrets, names and addresses. It is shown before it is written."""
    from piwizard.diagnosis import report as diagnosis

    return diagnosis.report(output_file, yes=yes, as_json=as_json)


@cli.command()
@ANSWERS
@click.option("--keep", is_flag=True, help="Leave the copy running until you press Enter.")
@click.option("--shell", is_flag=True, help="Open a shell in the copy afterwards.")
@JSON
@command
def rehearse(answers: Path | None, keep: bool, shell: bool, as_json: bool) -> int:
    """All of it on a throwaway copy of this machine. Without --answers: with a small sample app."""
    from piwizard.rehearsal import rehearse as rehearsal

    return rehearsal.rehearse(answers, keep=keep, shell=shell, as_json=as_json)


@cli.command(hidden=True)
@click.argument("run")
@command
def work(run: str) -> int:
    """The process of a run; started by apply and undo."""
    from piwizard.setup import worker

    return 0 if worker.work(run) else 1


@cli.command(hidden=True)
@command
def watch() -> int:
    """The weekly look; started by its timer."""
    from piwizard.setup import health_timer

    return health_timer.watch()
