"""Define the commands that plan, start, follow and stop runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import ANSWERS, JSON, SITE, YES


@click.command("plan")
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
    from piwizard.setup import kept_answers, workspace
    from piwizard.setup.preview import preview_all

    planner = workspace.planner(answers)
    instances = planner.select_complete(steps, site)
    planner.require_answers(instances)
    previews = preview_all(planner, instances, workspace.backups())
    kept = kept_answers.kept_sites(answers, planner.answers)
    output.warn_of_incomplete_sites(planner, site)
    if as_json:
        planned = [output.plan_json(instance, changes) for instance, changes in previews]
        output.dump({"steps": planned, "kept_sites": [one.as_json() for one in kept]})
    else:
        for instance, changes in previews:
            output.show_plan(instance, changes)
        for one in kept:
            output.warn(one.sentence)
    return 2 if any(not one.preview.in_sync for _, changes in previews for one in changes) else 0


@click.command("apply")
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


@click.command("logs")
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


@click.command("stop")
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


@click.command("confirm")
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


@click.command("generate-dhparam", hidden=True)
@click.argument("bits")
@command
def generate_dhparam_command(bits: str) -> int:
    """Generate DH parameters, then install them. Started by a unit of the step."""
    from piwizard.system import dhparam_generator, paths

    if not bits.isdecimal():
        raise click.UsageError("BITS must be a number, such as 2048.")
    dhparam_generator.generate(int(bits))
    piwizard = str(paths.piwizard_command())  # an upgrade may have replaced the code of this process
    os.execv(piwizard, [piwizard, "apply", "dhparam", "--wait"])


@click.command("work", hidden=True)
@click.argument("run")
@command
def work_command(run: str) -> int:
    """Carry out a run. Started by `apply` and `undo`."""
    from piwizard.setup import worker

    return 0 if worker.work(run) else 1
