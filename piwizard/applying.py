"""From answers to a run: everything is looked at before anything is altered."""

from __future__ import annotations

import sys
from pathlib import Path

from piwizard import output, session
from piwizard.engine import launch
from piwizard.engine.follow import follow
from piwizard.engine.journal import Journal
from piwizard.errors import PiwizardError
from piwizard.wizard import Place, Previewed, preview_all, step_named

Plans = list[tuple[Place, list[Previewed]]]


def apply(
    steps: tuple[str, ...],
    answers: Path | None,
    site: str | None,
    *,
    yes: bool,
    detach: bool,
    as_json: bool,
    newest: bool = False,
) -> int:
    """Plans everything, asks where a person can answer, starts the run and follows it. Returns the exit code.

    `newest`: the sites' newest commits are set up, instead of those in use.
    """
    wizard, state = session.wizard(answers), session.state()
    launch.require_systemd()
    if newest:
        wizard.look_for_new_versions([site] if site else wizard.answers.sites)
    done = [
        place
        for place in wizard.places()
        if (entry := state.entry(place.step.name, place.site)) and entry.result == "done"
    ]
    chosen = wizard.with_needs(wizard.places(steps, site), done)
    if wizard.answers.unnamed and not steps:
        raise PiwizardError("site.name is missing.", key="site.name")
    if not wizard.answers.sites and not steps:
        raise PiwizardError(
            "There are no answers yet, so there is nothing to set up.",
            hint="`piwizard apply --answers FILE` takes them from a file.",
        )
    wizard.require_answers(chosen)
    plans = preview_all(wizard, chosen, session.backups())
    needed = [(place, changes) for place, changes in plans if place not in done or _open(changes)]
    if needed:
        yes = _agree(needed, yes=yes, as_json=as_json)
        launch.require_free()
    wizard.vault.save()
    if answers:
        session.keep_answers(answers)
    if not needed:
        _say("Nothing to do: everything is as it should be.", as_json=as_json)
        return 0
    wanted = tuple((place.step.name, place.site) for place, _ in needed)
    run = launch.start(launch.Request("apply", wanted, yes, tuple(wizard.pins().items())))
    if detach:
        _say(f"The run {run} has started; `piwizard logs -f` shows it.", as_json=as_json)
        return 0
    return watch(run, as_json=as_json)


def undo(step: str, site: str | None, *, yes: bool, as_json: bool) -> int:
    """Takes a step back, in a run of its own. Returns the exit code."""
    launch.require_systemd()
    chosen = step_named(step)
    wizard = session.wizard(None)
    if chosen.scope == "site" and site is None:
        sites = list(wizard.answers.sites)
        if len(sites) != 1:
            raise PiwizardError(
                f"{step} belongs to a site: say which one with --site.", hint=f"Sites: {', '.join(sites)}."
            )
        site = sites[0]
    site = site if chosen.scope == "site" else None
    # Remembered without a journal: an undo was cut off when all but the remembering was done.
    if not Journal(session.backups_dir(), step, site).records() and not session.state().entry(step, site):
        _say(f"{step} has altered nothing, so there is nothing to undo.", as_json=as_json)
        return 0
    if not yes and sys.stdin.isatty() and not as_json:
        _confirm(f"Take back everything that {step} did?")
    return watch(launch.start(launch.Request("undo", ((step, site),))), as_json=as_json)


def watch(run: str, *, as_json: bool) -> int:
    """Shows a run to its end. Ctrl-C ends the watching, not the run."""
    try:
        for event in follow(run):
            output.show_event(event, as_json=as_json)
            if event["event"] == "apply-finished":
                return 0 if event["result"] == "done" else 1
    except KeyboardInterrupt:
        _say("\nThe run goes on; `piwizard logs -f` shows it, `piwizard stop` ends it.", as_json=as_json)
        return 130
    raise PiwizardError("The run was cut off.", hint="`piwizard apply` goes on from where it was.")


def _open(changes: list[Previewed]) -> bool:
    return any(not one.preview.holds for one in changes)


def _agree(needed: Plans, *, yes: bool, as_json: bool) -> bool:
    """Whether files edited by hand may be replaced. Raises where somebody has to say so first."""
    edited = [one for _, changes in needed for one in changes if one.preview.edited]
    if yes:
        return True
    if not sys.stdin.isatty() or as_json:
        if edited:
            raise PiwizardError(
                f"{edited[0].change.describe()}: the file was edited by hand since piwizard wrote it.",
                hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it.",
            )
        return False
    for place, changes in needed:
        print(f"{place.label}:")
        for one in changes:
            if not one.preview.holds:
                print(
                    f"  {one.change.describe()}{'  (edited by hand: would be replaced)' if one.preview.edited else ''}"
                )
    _confirm("Do this? (`piwizard plan` shows every detail)")
    return bool(edited)


def _confirm(question: str) -> None:
    try:
        said = input(f"{question} [y/N] ")
    except EOFError:
        said = ""
    if said.strip().lower() not in ("y", "yes"):
        raise PiwizardError("Nothing was altered.")


def _say(text: str, *, as_json: bool) -> None:
    if not as_json:
        print(text)
