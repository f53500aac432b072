"""From answers to a run: everything is looked at before anything is altered."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from piwizard.changes.notice import OfferedCommand
from piwizard.cli import output
from piwizard.engine import run_launch
from piwizard.engine.follow import follow
from piwizard.engine.leftovers import Remains
from piwizard.engine.undo_journal import Journal
from piwizard.errors import MissingAnswer, PiwizardError
from piwizard.setup import kept_answers, offered_commands, run_request, workspace
from piwizard.setup.health import inspect
from piwizard.setup.planner import Planner
from piwizard.setup.run_request import Plans
from piwizard.steps.registry import DATA_STEP, STEPS, StepInstance, step_named
from piwizard.system import app_data, console, printable
from piwizard.system.checks import Check
from piwizard.system.remedies import ApplySteps


def apply(
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
    """Plans everything, asks where a person can answer, starts the run and follows it. Returns the exit code.

    `newest`: the sites' newest commits are set up, instead of those in use. `agreed`: the person has said yes already,
    but not to replacing files that were edited by hand. `wait`: wait for another run to end, instead of failing.
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
    """Apply the steps that fix something, which a person has agreed to. Return the exit code."""
    return apply(run.steps, None, site, yes=False, detach=False, as_json=as_json, newest=run.newest, agreed=True)


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
    for words in kept_answers.remarks(answers, planner.answers):
        output.warn(words)
    if newest:
        planner.require_answers(planner.select(steps, site))
        planner.context.fetch_newest([site] if site else planner.answers.sites)
    done = run_request.done(planner, state)
    chosen = planner.with_needs(planner.select(steps, site), done)
    if not steps:
        _require_site(planner)
    needed = run_request.needed(planner, chosen, done)
    if (
        needed
        and not (newest or yes or agreed or as_json)
        and sys.stdin.isatty()
        and _ask_for_commands(needed, answers)
    ):
        # The answers name more commands now: planned anew, from the code that was looked at.
        planner = workspace.planner(answers, planner.context.pins())
        needed = run_request.needed(planner, chosen, done)
    for sentence in offered_commands.sentences(needed):
        _say(sentence, as_json=as_json)
    if needed:
        yes = _agree(needed, yes=yes, ask=not (agreed or as_json))
        run_launch.require_free()
    planner.keep_secrets(chosen)
    if answers:
        workspace.keep_answers(answers)
    waiting = [one for one in run_request.in_background(chosen) if one not in (*done, *(place for place, _ in needed))]
    for place in waiting:
        _say(_continues(place), as_json=as_json)
    if not needed:
        beyond = require_well(planner, [one for one in chosen if one not in waiting])
        _say(f"Nothing to do: everything {'here ' if beyond else ''}is as it should be.", as_json=as_json)
        for place, check in beyond:
            _say(f"Beyond this machine it is not: {place.label}: {check.name}: {check.detail}", as_json=as_json)
            _say(f"  {check.advice or 'Run `piwizard doctor` to see more.'}", as_json=as_json)
        return 0
    run = run_request.start(planner, needed, overwrite=yes)
    if detach:
        _say(f"The run {run} has started; `piwizard logs -f` shows it.", as_json=as_json)
        return 0
    return watch(run, as_json=as_json)


def _continues(place: StepInstance) -> str:
    job, step = place.step.background, place.step.name
    how_far = f" ({job.progress().text})" if job else ""
    return (
        f"{place.label} continues in the background{how_far}: `piwizard logs {step} -f` shows it, "
        f"`piwizard stop {step}` stops it."
    )


def _require_site(planner: Planner) -> None:
    """PiwizardError where the answers name no site that everything could be set up for."""
    if planner.answers.unnamed:
        missing = MissingAnswer("site.name is missing.", key="site.name", hint="Choose a short name for the site.")
        planner.answers.locate(missing)
        raise missing
    if not planner.answers.sites:
        raise PiwizardError(
            "There are no answers yet, so there is nothing to set up.",
            hint="`piwizard apply --answers FILE` takes them from a file.",
        )


def require_well(planner: Planner, chosen: Sequence[StepInstance]) -> list[tuple[StepInstance, Check]]:
    """PiwizardError names what does not work, though all is there that the steps make.

    Returns what is wrong beyond this machine: a router that is off is no failure of a command that had nothing to do.
    """
    bad: list[tuple[StepInstance, Check]] = []
    for place in chosen:
        health = inspect(planner, place)
        if health.error:
            raise health.error
        bad += [(place, check) for check in health.failed]
    for place, check in bad:
        if not check.beyond:
            raise PiwizardError(
                f"Nothing to do, and yet {place.label} does not work: {check.name}: {check.detail}",
                hint="`piwizard doctor` says why, and what mends it.",
            )
    return bad


def undo(step: str, site: str | None, *, data: bool, yes: bool, as_json: bool) -> int:
    """Takes a step back, in a run of its own. Returns the exit code.

    What an app has written stays, unless somebody says that it goes. Needs no answers.
    """
    run_launch.require_systemd()
    chosen = step_named(step)
    if chosen.scope == "site" and site is None:
        site = _only_site(step)
    site = site if chosen.scope == "site" else None
    if data and not chosen.holds_data:
        raise PiwizardError(f"{step} holds no data of an app.", hint=f"--data goes with {DATA_STEP}, or with --all.")
    # Remembered without a journal: an undo was cut off when all but the remembering was done.
    backups = workspace.backups_dir()
    kept = data and (step, site) in Remains(backups).places()
    if not Journal(backups, step, site).records() and not workspace.state().entry(step, site) and not kept:
        _say(f"{step} has altered nothing, so there is nothing to undo.", as_json=as_json)
        return 0
    if not yes:
        _require_unused(StepInstance(chosen, site))
    written = app_data.of(site) if site and chosen.holds_data else None
    ask = not yes and not as_json and sys.stdin.isatty()
    if data and written and written.any and not yes and not ask:
        raise PiwizardError(
            f"`--data` would delete {written}, and nobody can be asked here. Nothing was altered.",
            hint="With `--yes` it is deleted; without `--data` it stays.",
        )
    if ask:
        console.confirm(f"Take back everything that {step} did?")
        data = bool(written and written.any and console.agreed(f"Delete also {written}?"))
    if data and written:
        app_data.require_one_file_system(written.folder)
        _say(f"Deletes {written}.", as_json=as_json)
    wipe = (site,) if data and written and site else ()
    wanted = run_launch.RunRequest("undo", ((step, site),), wipe=wipe)
    return watch(run_launch.start(wanted), as_json=as_json)


def _only_site(step: str) -> str:
    """The one site that there is, by the answers or by what is set up."""
    sites = list(dict.fromkeys((*workspace.planner(None).answers.sites, *workspace.set_up())))
    if len(sites) != 1:
        raise PiwizardError(f"{step} belongs to a site: say which one with --site.", hint=f"Sites: {', '.join(sites)}.")
    return sites[0]


def _require_unused(place: StepInstance) -> None:
    """PiwizardError names the steps that are done and stand on this one."""
    state = workspace.state()
    done = [
        StepInstance(step, site)
        for step in STEPS
        for name, site in sorted(state.steps(), key=str)
        if name == step.name and (entry := state.entry(name, site)) and entry.result == "done"
    ]
    standing = [one for one in done if stands_on(one, place)]
    if standing:
        others = ", ".join(one.label for one in standing)
        raise PiwizardError(
            f"{others} {'needs' if len(standing) == 1 else 'need'} {place.step.name}, and would no longer work.",
            hint=f"Undo that first, or take {place.step.name} back all the same with --yes.",
        )


def stands_on(one: StepInstance, place: StepInstance) -> bool:
    """Whether a step needs another, or needs one that does."""
    if place.site is not None and one.site not in (place.site, None):
        return False
    return any(
        name == place.step.name or stands_on(StepInstance(step_named(name), one.site), place) for name in one.step.needs
    )


def watch(run: str, *, as_json: bool) -> int:
    """Shows a run to its end. Ctrl-C ends the watching, not the run."""
    try:
        for event in follow(run):
            output.show_event(event, as_json=as_json)
            if event["event"] == "apply-finished":
                return 0 if event["result"] == "done" else 1
    except KeyboardInterrupt:
        _say("", as_json=as_json)
        _say("The run goes on; `piwizard logs -f` shows it, `piwizard stop` ends it.", as_json=as_json)
        return 130
    raise PiwizardError("The run was cut off.", hint="`piwizard apply` goes on from where it was.")


def _ask_for_commands(needed: Plans, answers: Path | None) -> bool:
    """Ask for each command that does not run without an answer; says whether one was added to the answers."""
    wanted: dict[str, list[OfferedCommand]] = {}
    for site, command in offered_commands.offered(needed):
        if console.agreed(command.question):
            wanted.setdefault(site, []).append(command)
    for site, commands in wanted.items():
        offered_commands.keep(site, commands, answers)
    return bool(wanted)


def _agree(needed: Plans, *, yes: bool, ask: bool) -> bool:
    """Whether files edited by hand may be replaced. Raises where somebody has to say so first."""
    edited = [one for _, changes in needed for one in changes if one.preview.edited]
    if yes:
        return True
    if not ask or not sys.stdin.isatty():
        if edited:
            raise PiwizardError(
                f"{edited[0].change.describe()}: the file was edited by hand since piwizard wrote it.",
                hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it and keeps your version.",
            )
        return False
    for place, changes in needed:
        console.say(f"{place.label}:")
        for one in changes:
            if not one.preview.holds:
                by_hand = "  (edited by hand: would be replaced)" if one.preview.edited else ""
                console.say(f"  {printable.value(one.change.describe())}{by_hand}")
                console.say(*(f"    {words}" for words in one.preview.warnings))
    console.confirm("Do this? (`piwizard plan` shows every detail)")
    return bool(edited)


def _say(text: str, *, as_json: bool) -> None:
    if not as_json:
        console.say(text)
