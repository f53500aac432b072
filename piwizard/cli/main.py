"""Define the commands and their options."""

from __future__ import annotations

from pathlib import Path

import click

from piwizard import __version__
from piwizard.cli.error_handler import command
from piwizard.cli.ui import interactive

ANSWERS = click.option("--answers", type=click.Path(path_type=Path), help="Read the answers from this file.")
SITE = click.option("--site", metavar="NAME", help="Only this site.")
YES = click.option("--yes", is_flag=True, help="Don't ask; also replace files that were edited by hand.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print only JSON to stdout.")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="piwizard")
@click.option("--plain", is_flag=True, help="Ask questions line by line instead of opening the screens.")
@click.option("--answers", type=click.Path(path_type=Path), help="Read and save the answers in this file.")
@click.pass_context
def cli(context: click.Context, plain: bool, answers: Path | None) -> None:
    """Set up your Flask app on this Raspberry Pi, with nginx and gunicorn.

    Without a command, piwizard asks questions and guides you step by step.
    """
    if context.invoked_subcommand is None:
        interactive(plain=plain, answers=answers)
    if answers:
        context.default_map = {command: {"answers": answers} for command in cli.commands}


@cli.command("status")
@ANSWERS
@JSON
@command
def status_command(answers: Path | None, as_json: bool) -> int:
    """Show the state of each step.

    States: todo, running, done, drifted, failed, interrupted, skipped.
    """
    from piwizard.cli import output
    from piwizard.network import address_trial
    from piwizard.setup import kept_answers, status, workspace

    state, planner, backups = workspace.state(), workspace.planner(answers), workspace.backups()
    for warning in (state.trouble, *kept_answers.remarks(answers, planner.answers)):
        output.warn(warning)
    found = [*status.status(planner, state, backups), *status.without_answers(planner, state, backups)]
    trial = address_trial.current_trial()
    if as_json:
        output.dump({"steps": [one.as_json() for one in found], "trial": trial.as_json() if trial else None})
    else:
        output.show_status(found)
        output.warn(trial.words if trial else "")
    return 0


@cli.command("plan")
@click.argument("steps", nargs=-1)
@ANSWERS
@SITE
@JSON
@command
def plan_command(steps: tuple[str, ...], answers: Path | None, site: str | None, as_json: bool) -> int:
    """Show what `apply` would do, without changing anything.

    Exit code 0: nothing to do. 2: changes needed. 1: error.
    """
    from piwizard.cli import output
    from piwizard.setup import workspace
    from piwizard.setup.preview import preview_all

    planner = workspace.planner(answers)
    instances = planner.select(steps, site)
    planner.require_answers(instances)
    previews = preview_all(planner, instances, workspace.backups())
    if as_json:
        output.dump({"steps": [output.plan_json(instance, changes) for instance, changes in previews]})
    else:
        for instance, changes in previews:
            output.show_plan(instance, changes)
    return 2 if any(not one.preview.in_sync for _, changes in previews for one in changes) else 0


@cli.command("apply")
@click.argument("steps", nargs=-1)
@ANSWERS
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and return immediately.")
@click.option("--wait", is_flag=True, help="If another run is in progress, wait until it ends.")
@JSON
@command
def apply_command(
    steps: tuple[str, ...], answers: Path | None, site: str | None, yes: bool, detach: bool, wait: bool, as_json: bool
) -> int:
    """Apply the changes that are needed and follow the log.

    The run continues if you quit or lose the connection.
    """
    from piwizard.cli import apply

    return apply.apply_steps(steps, answers, site, yes=yes, detach=detach, as_json=as_json, wait=wait)


@cli.command("deploy")
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and return immediately.")
@JSON
@command
def deploy_command(site: str | None, yes: bool, detach: bool, as_json: bool) -> int:
    """Deploy the newest commit of the app.

    If its smoke test fails, the current release stays in use.
    """
    from piwizard.cli import apply
    from piwizard.steps.registry import STEPS

    steps = tuple(step.name for step in STEPS if step.deployed)
    return apply.apply_steps(steps, None, site, yes=yes, detach=detach, as_json=as_json, newest=True)


@cli.command("key")
@click.option("--trust", metavar="HOST", help="Show the SSH host keys of this server and ask whether to trust them.")
@ANSWERS
@SITE
@click.option("--yes", is_flag=True, help="With --trust: trust the keys without asking.")
@JSON
@command
def key_command(trust: str | None, answers: Path | None, site: str | None, yes: bool, as_json: bool) -> int:
    """Show the deploy key for a private repository and test it."""
    from piwizard.cli import key

    if trust:
        return key.trust_host(trust, answers, site, yes=yes, as_json=as_json)
    return key.show_key(answers, site, as_json=as_json)


@cli.command("doctor")
@SITE
@click.option("--fix", is_flag=True, help="Fix what can be fixed automatically, after confirmation.")
@click.option("--yes", is_flag=True, help="With --fix: don't ask for confirmation.")
@JSON
@command
def doctor_command(site: str | None, fix: bool, yes: bool, as_json: bool) -> int:
    """Diagnose problems and suggest fixes.

    Exit code 0: no problems found. 1: problems found.
    """
    from piwizard.cli.apply import apply_fixes
    from piwizard.diagnosis import doctor

    return doctor.run(site, apply_fixes, fix=fix, yes=yes, as_json=as_json)


@cli.command("checkup")
@SITE
@JSON
@command
def checkup_command(site: str | None, as_json: bool) -> int:
    """Check everything from the Internet to the app and predict the TLS grade.

    Exit code 0: no problems found. 1: problems found.
    """
    from piwizard.diagnosis import checkup

    return checkup.run(site, as_json=as_json)


@cli.command("undo")
@click.argument("step", required=False)
@click.option("--all", "whole", is_flag=True, help="Undo every step of every site, in reverse order.")
@click.option("--packages", is_flag=True, help="With --all: also remove the Debian packages that piwizard installed.")
@click.option("--data", is_flag=True, help="With --all or the step app: also delete the data of the apps.")
@SITE
@YES
@JSON
@command
def undo_command(
    step: str | None, whole: bool, packages: bool, data: bool, site: str | None, yes: bool, as_json: bool
) -> int:
    """Undo a step and restore the previous state.

    Changes that you made by hand since then are kept and listed.
    """
    if whole == (step is not None) or (packages and not whole) or (whole and site):
        raise click.UsageError("Name one step, or undo everything: `piwizard undo --all [--packages] [--data]`.")
    if step is not None:
        from piwizard.cli import undo

        return undo.undo_step(step, site, data=data, yes=yes, as_json=as_json)
    from piwizard.cli import uninstall

    return uninstall.undo_all(packages=packages, data=data, yes=yes, as_json=as_json)


@cli.command("remove")
@click.argument("site")
@click.option("--keep-data", is_flag=True, help="Keep the data of the app in /srv/SITE/data.")
@click.option("--yes", is_flag=True, help="Don't ask; also delete /srv/SITE/data, unless you add --keep-data.")
@JSON
@command
def remove_command(site: str, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Remove a site: its code, service, server block, data and answers.

    Other sites are not affected.
    """
    from piwizard.cli import uninstall

    return uninstall.remove_site(site, keep_data=keep_data, yes=yes, as_json=as_json)


@cli.command("logs")
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Keep showing new lines until the run ends.")
@SITE
@JSON
@command
def logs_command(step: str | None, follow: bool, site: str | None, as_json: bool) -> int:
    """Show the log of the last run, or of the last run of a step."""
    from piwizard.cli import logs, output

    for event in logs.read_log(step, site, follow=follow):
        output.show_event(event, as_json=as_json)
    return 0


@cli.command("stop")
@click.argument("step", required=False)
@JSON
@command
def stop_command(step: str | None, as_json: bool) -> int:
    """Stop the current run, or else the background job.

    With a step: only if the run or the job includes that step.
    """
    from piwizard.cli import logs, output
    from piwizard.engine import run_launch
    from piwizard.system import console

    run, job = logs.find_run(step), logs.find_background_job(step)
    if run:
        run_launch.stop(run)
    elif job:
        job[1].stop()
    if as_json:
        output.dump({"stopped": run or (job and job[1].unit)})
    elif run:
        console.say(f"Run {run} stopped. `piwizard apply` resumes it.")
    elif job:
        console.say(f"{job[1].what} stopped. `piwizard apply {job[0].name}` starts it again.")
    else:
        console.say("No run is in progress.")
    return 0


@cli.command("confirm")
@JSON
@command
def confirm_command(as_json: bool) -> int:
    """Keep the IP address that is on trial.

    Without confirmation, the old address is restored.
    """
    from piwizard.cli import output
    from piwizard.network import address_rollback
    from piwizard.system import console

    kept = address_rollback.confirm_trial()
    if as_json:
        output.dump({"confirmed": {"interface": kept.interface, "address": kept.address}})
    else:
        console.say(f"This Pi keeps the address {kept.host}, also after a restart.")
    return 0


@cli.command("report")
@click.option("--output", "output_file", type=click.Path(path_type=Path), help="Write the report to this file.")
@click.option("--yes", is_flag=True, help="Write the report without showing it first.")
@JSON
@command
def report_command(output_file: Path | None, yes: bool, as_json: bool) -> int:
    """Create a report to share when you ask for help.

    Secrets, names and addresses are removed. piwizard shows the report before it writes the file.
    """
    from piwizard.diagnosis import report

    return report.report(output_file, yes=yes, as_json=as_json)


@cli.command("rehearse")
@ANSWERS
@click.option("--keep", is_flag=True, help="Keep the copy running until you press Enter.")
@click.option("--shell", is_flag=True, help="Open a shell in the copy afterwards.")
@JSON
@command
def rehearse_command(answers: Path | None, keep: bool, shell: bool, as_json: bool) -> int:
    """Run the whole setup on a throwaway copy of this machine.

    Without --answers, it uses a small sample app.
    """
    from piwizard.rehearsal import rehearse

    return rehearse.rehearse(answers, keep=keep, shell=shell, as_json=as_json)


@cli.command("work", hidden=True)
@click.argument("run")
@command
def work_command(run: str) -> int:
    """Carry out a run. Started by `apply` and `undo`."""
    from piwizard.setup import worker

    return 0 if worker.work(run) else 1


@cli.command("watch", hidden=True)
@command
def watch_command() -> int:
    """Run the weekly health check. Started by its timer."""
    from piwizard.setup import health_timer

    return health_timer.watch()
