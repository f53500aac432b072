"""`doctor --fix`: add answers, then start a run that applies them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

from piwizard.answers.validators import Invalid
from piwizard.diagnosis.findings import Finding
from piwizard.errors import PiwizardError
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps.registry import STEPS
from piwizard.system import console
from piwizard.system.remedies import AddAnswer, ApplySteps, AskAnswer, GenerateSecret, Remedy

Apply = Callable[[ApplySteps, str | None, bool], int]
NEEDS_SOMEBODY = "Only a person can give the missing values: `piwizard doctor --fix` asks for them at a terminal."


def fix_findings(found: Sequence[Finding], apply: Apply, *, yes: bool, as_json: bool) -> bool:
    """Fix what can be fixed, in one run for each site, after a yes. Return whether anything was done.

    `apply` carries out the steps for a site and returns an exit code; the command line gives its own.
    """
    somebody = sys.stdin.isatty() and not as_json
    fixable = [finding for finding in found if finding.fixable or (finding.asks and somebody and not yes)]
    if not fixable:
        if any(finding.asks for finding in found) and not as_json:
            raise PiwizardError(NEEDS_SOMEBODY, hint="Or add it to the answers by hand, then run `piwizard apply`.")
        return False
    if not yes:
        _ask(fixable, as_json=as_json)
    for site in dict.fromkeys(finding.site for finding in fixable):
        remedies = [remedy for finding in fixable if finding.site == site for remedy in finding.fix]
        for asked in dict.fromkeys(one for one in remedies if isinstance(one, AskAnswer)):
            _give(site, asked.key, secret=asked.secret)
        answer(site, remedies)
        run = together(remedies)
        if apply(run, site, as_json):
            return True
    return True


def _give(site: str | None, key: str, *, secret: bool) -> None:
    """Ask for the value of one variable of the app until it is valid, and keep it."""
    table, _, name = key.rpartition(".")
    answering = AnswerStore()
    while True:
        text = console.ask_secret(f"{name} (not shown):") if secret else console.ask(f"{name}:")
        if text is None:
            raise PiwizardError("Nothing was changed.")
        try:
            if secret:
                answering.set_secret(site, key, text)
            elif text:
                answering.set(site, table, {**(answering.get(site, table) or {}), name: text})
            if text:
                return
        except Invalid as wrong:
            console.say(f"{name} {wrong}.")


def together(remedies: Iterable[Remedy]) -> ApplySteps:
    """Return one run for several: their steps in the order of the setup, each once."""
    runs = [one for one in remedies if isinstance(one, ApplySteps)]
    wanted = {step for run in runs for step in run.steps}
    return ApplySteps(tuple(step.name for step in STEPS if step.name in wanted), newest=any(run.newest for run in runs))


def answer(site: str | None, remedies: Iterable[Remedy]) -> None:
    """Add to the answers; what is already there stays."""
    answering = AnswerStore()
    for one in remedies:
        if isinstance(one, GenerateSecret):
            table, _, name = one.key.rpartition(".")
            answering.set(site, table, {**(answering.get(site, table) or {}), name: {"generate": one.length}})
        elif isinstance(one, AddAnswer):
            before = answering.get(site, one.key) or []
            answering.set(site, one.key, [*before, *(value for value in one.values if value not in before)])


def _ask(fixable: Sequence[Finding], *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise PiwizardError(
            "`piwizard doctor --fix` needs a terminal to ask you.",
            hint="Run `piwizard doctor --fix --yes` to fix without asking.",
        )
    console.say("", "To fix:")
    for finding in fixable:
        site = f" ({finding.site})" if finding.site else ""
        console.say(f"  {finding.name}{site}: {finding.advice}")
    console.confirm("Apply these fixes?")
