"""Plan the changes, ask for confirmation, start the run and follow its log."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from piwizard.changes.command import OfferedCommand
from piwizard.cli import live_versions, output
from piwizard.engine import run_launch
from piwizard.engine.events import ApplyFinished
from piwizard.engine.run_log import follow
from piwizard.errors import ConsentMissing, MissingAnswer, PiwizardError
from piwizard.setup import kept_answers, offered_commands, run_request, workspace
from piwizard.setup.health import inspect
from piwizard.setup.pending_restart import pending_restart
from piwizard.setup.planner import Planner
from piwizard.setup.run_request import Plans
from piwizard.steps.registry import StepInstance
from piwizard.system import console, printable
from piwizard.system.checks import Check
from piwizard.system.lasting_disk import require_lasting_disk
from piwizard.system.remedies import ApplySteps


def apply_steps(
    steps: tuple[str, ...],
    answers: Path | None,
    site: str | None,
    *,
    yes: bool,
    detach: bool,
    as_json: bool,
    newest: bool = False,
    agreed: bool = False,
    wait: bool = False,
) -> int:
    """Apply steps, or everything where none is named, and return the exit code.

    `newest`: deploy the newest commits of the sites instead of those in use. `agreed`: the user has confirmed already,
    but not that files that were edited by hand are replaced. `wait`: wait until another run ends instead of failing.
    """
    while True:
        if wait:
            run_launch.wait_until_free()
        try:
            return _apply(steps, answers, site, yes, detach, as_json, newest, agreed)
        except run_launch.RunUnderWay:
            if not wait:
                raise


def apply_fixes(run: ApplySteps, site: str | None, as_json: bool) -> int:
    """Apply the steps of a fix that the user has confirmed, and return the exit code."""
    return apply_steps(run.steps, None, site, yes=False, detach=False, as_json=as_json, newest=run.newest, agreed=True)


def _apply(
    steps: tuple[str, ...],
    answers: Path | None,
    site: str | None,
    yes: bool,
    detach: bool,
    as_json: bool,
    newest: bool,
    agreed: bool,
) -> int:
    planner, state = workspace.planner(answers), workspace.state()
    run_launch.require_systemd()
    require_lasting_disk()
    kept = kept_answers.kept_sites(answers, planner.answers)
    for one in kept:
        if as_json:
            output.dump({"event": "site-kept", **one.as_json()})
        output.warn(one.sentence)
    output.warn_of_incomplete_sites(planner, site)
    if newest:
        newer = planner.select_complete(steps, site)
        planner.require_answers(newer)
        planner.context.fetch_newest([site] if site else list(dict.fromkeys(one.site for one in newer if one.site)))
    done = run_request.done(planner, state)
    chosen = planner.with_needs(planner.select_complete(steps, site), done)
    if not steps:
        _require_site(planner)
    asks = not (yes or agreed or as_json) and sys.stdin.isatty()
    planner, needed = _plan_with_consent(planner, chosen, done, answers, asks=asks, offers=asks and not newest)
    for sentence in offered_commands.sentences(needed):
        _say(sentence, as_json=as_json)
    if needed:
        yes = _agree(needed, [one.sentence for one in kept], yes=yes, ask=not (agreed or as_json))
        run_launch.require_free()
    planner.keep_secrets(chosen)
    if answers:
        workspace.keep_answers(answers)
    waiting = [
        one for one in run_request.in_background(chosen) if one not in (*done, *(instance for instance, _ in needed))
    ]
    for instance in waiting:
        _say(_describe_background_job(instance), as_json=as_json)
    if not needed:
        _check_and_say(planner, [one for one in chosen if one not in waiting], as_json=as_json)
        return 0
    before = live_versions.deployed_commits(planner.chosen_sites)
    run = run_request.start(planner, needed, overwrite=yes)
    if detach:
        output.say_started(run, as_json=as_json)
        return 0
    if code := watch_run(run, as_json=as_json):
        return code
    if not as_json:
        live_versions.show_live_versions(planner, [one.site for one in chosen if one.site], before)
    return 0


def _check_and_say(planner: Planner, instances: Sequence[StepInstance], *, as_json: bool) -> None:
    """Check what is set up and say that there is nothing to do.

    Problems outside this machine are named.
    """
    beyond = require_healthy(planner, instances)
    if not as_json:
        output.say_result(f"Nothing to do: everything {'on this Pi ' if beyond else ''}is set up and works.")
    for instance, check in beyond:
        _say(f"Problem outside this Pi: {instance.title}: {check.name}: {check.detail}", as_json=as_json)
        _say(f"  {check.advice or 'Run `piwizard doctor` for details.'}", as_json=as_json)


def _plan_with_consent(
    planner: Planner,
    chosen: Sequence[StepInstance],
    done: Sequence[StepInstance],
    answers: Path | None,
    *,
    asks: bool,
    offers: bool,
) -> tuple[Planner, Plans]:
    """Plan, ask for what needs consent, and plan again from the same commit while that adds to the answers.

    `asks`: a person can be asked. `offers`: also about the setup commands that may stay as they are.
    """
    while True:
        try:
            needed = run_request.needed(planner, chosen, done)
        except ConsentMissing as missing:
            if not asks or not _ask_for_consent(missing, answers):
                raise
        else:
            if not (needed and offers and _ask_for_commands(needed, answers)):
                return planner, needed
            offers = False
        planner = workspace.planner(answers, planner.context.pins())


def _describe_background_job(instance: StepInstance) -> str:
    job, step = instance.step.background, instance.step.name
    progress = f" ({job.progress().text})" if job else ""
    return (
        f"{instance.title}: the work continues in the background{progress}. `piwizard logs {step} -f` follows it; "
        f"`piwizard stop {step}` stops it."
    )


def _require_site(planner: Planner) -> None:
    """Raise PiwizardError if the answers name no site to set up."""
    if planner.answers.unnamed:
        missing = MissingAnswer("site.name is missing.", key="site.name", hint="Add a short name for the site.")
        planner.answers.locate(missing)
        raise missing
    if not planner.answers.sites:
        raise PiwizardError(
            "There are no answers yet, so there is nothing to set up.",
            hint="Run `piwizard` to enter them, or `piwizard apply --answers FILE` to read them from a file.",
        )


def require_healthy(planner: Planner, chosen: Sequence[StepInstance]) -> list[tuple[StepInstance, Check]]:
    """Raise PiwizardError if a step fails a check on this machine.

    Return the checks that fail outside this machine: a router that is off is no failure of this command.
    """
    bad: list[tuple[StepInstance, Check]] = []
    for instance in chosen:
        health = inspect(planner, instance)
        if health.error:
            raise health.error
        bad += [(instance, check) for check in health.failed]
    for instance, check in bad:
        if not check.beyond:
            raise PiwizardError(
                f"Nothing to do, but {instance.title} does not work: {check.name}: {check.detail}",
                hint="Run `piwizard doctor` to find the cause and a fix.",
            )
    return bad


def watch_run(run: str, *, as_json: bool) -> int:
    """Follow a run until it ends, and return the exit code.

    Ctrl-C stops following; the run continues.
    """
    try:
        for event in follow(run):
            output.show_event(event, as_json=as_json)
            if event["event"] == "apply-finished":
                if not as_json:
                    _say_end(event)
                return 0 if event["result"] == "done" else 1
    except KeyboardInterrupt:
        _say("", as_json=as_json)
        _say("The run continues. `piwizard logs -f` follows it; `piwizard stop` stops it.", as_json=as_json)
        return 130
    raise PiwizardError("The run was interrupted.", hint="Run `piwizard apply` to resume it.")


def _say_end(event: ApplyFinished) -> None:
    """Print how a run has ended."""
    match event["result"]:
        case "done":
            output.say_result(f"Done in {_duration(event['seconds'])}.")
            output.warn(pending_restart())
        case "stopped" if restart := pending_restart():
            output.say_result(f"Not finished: {restart}", ok=False)
        case "stopped":
            output.say_result("Stopped. `piwizard apply` continues it.", ok=False)
        case _:
            output.say_result("Failed. `piwizard doctor` finds the cause; `piwizard apply` tries again.", ok=False)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def _ask_for_commands(needed: Plans, answers: Path | None) -> bool:
    """Ask about each setup command that needs consent; return whether one was added to the answers."""
    wanted: dict[str, list[OfferedCommand]] = {}
    for site, command in offered_commands.offered(needed):
        if console.agreed(command.question):
            wanted.setdefault(site, []).append(command)
    for site, commands in wanted.items():
        offered_commands.keep(site, commands, answers)
    return bool(wanted)


def _ask_for_consent(missing: ConsentMissing, answers: Path | None) -> bool:
    """Ask for each thing that needs consent; return whether all were agreed to, and are in the answers now."""
    if not all(console.agreed(one.question) for one in missing.consents):
        return False
    offered_commands.keep_consent(missing, answers)
    return True


def _agree(needed: Plans, remarks: Sequence[str], *, yes: bool, ask: bool) -> bool:
    """Ask for confirmation; return whether files that were edited by hand may be replaced.

    Raise PiwizardError if there are such files and there is no terminal to ask at.
    """
    edited = [one for _, changes in needed for one in changes if one.preview.edited]
    if yes:
        return True
    if not ask or not sys.stdin.isatty():
        run_request.require_unedited(needed)
        return False
    for instance, changes in needed:
        console.say(((instance.title, "heading"),))
        for one in changes:
            if not one.preview.in_sync:
                by_hand = "  (edited by hand; will be replaced)" if one.preview.edited else ""
                console.say(f"  {printable.value(one.change.describe())}{by_hand}")
                console.say(*(f"    {warning}" for warning in one.preview.warnings))
    console.say(*remarks)
    console.confirm(
        "Apply these changes? The run continues if you quit or lose the connection. (Details: `piwizard plan`)"
    )
    return bool(edited)


def _say(text: str, *, as_json: bool) -> None:
    if not as_json:
        console.say(text)
