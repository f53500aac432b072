"""Fix problems for `doctor --fix`: add answers, then start a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

from piwizard.answers.validators import Invalid
from piwizard.diagnosis.findings import Finding
from piwizard.errors import PiwizardError
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps.registry import STEPS
from piwizard.system import console
from piwizard.system.remedies import AddAnswer, AddTableEntries, ApplySteps, AskAnswer, GenerateSecret, Remedy

Apply = Callable[[ApplySteps, str | None, bool], int]
NEEDS_VALUES = "The remaining fixes need values from you: `piwizard doctor --fix` asks for them in a terminal."


def fix_findings(found: Sequence[Finding], apply: Apply, *, yes: bool, as_json: bool) -> bool:
    """Fix what can be fixed, in one run per site, after a yes.

    Return whether anything was done.

    `apply` runs the steps of a site and returns an exit code.
    """
    interactive = sys.stdin.isatty() and not as_json
    fixable = [finding for finding in found if finding.fixable or (finding.asks and interactive and not yes)]
    if not fixable:
        if any(finding.asks for finding in found) and not as_json:
            raise PiwizardError(NEEDS_VALUES, hint="Or add them to the answers yourself, then run `piwizard apply`.")
        return False
    if not yes:
        _ask(fixable, as_json=as_json)
    for site in dict.fromkeys(finding.site for finding in fixable):
        remedies = [remedy for finding in fixable if finding.site == site for remedy in finding.fix]
        for asked in dict.fromkeys(one for one in remedies if isinstance(one, AskAnswer)):
            _ask_value(site, asked.key, secret=asked.secret)
        add_answers(site, remedies)
        run = merge_runs(remedies)
        if apply(run, site, as_json):
            return True
    return True


def _ask_value(site: str | None, key: str, *, secret: bool) -> None:
    """Ask for the value of one variable of the app until it is valid, and save it."""
    table, _, name = key.rpartition(".")
    store = AnswerStore()
    while True:
        text = console.ask_secret(f"{name} (not shown):") if secret else console.ask(f"{name}:")
        if text is None:
            raise PiwizardError("Nothing was changed.", hint="Run the command again and enter the value.")
        try:
            if secret:
                store.set_secret(site, key, text)
            elif text:
                store.set(site, table, {**(store.get(site, table) or {}), name: text})
            if text:
                return
        except Invalid as wrong:
            console.say(f"{name} {wrong}.")


def merge_runs(remedies: Iterable[Remedy]) -> ApplySteps:
    """Return one run for several: each step once, in the order of the setup."""
    runs = [one for one in remedies if isinstance(one, ApplySteps)]
    wanted = {step for run in runs for step in run.steps}
    return ApplySteps(tuple(step.name for step in STEPS if step.name in wanted), newest=any(run.newest for run in runs))


def add_answers(site: str | None, remedies: Iterable[Remedy], store: AnswerStore | None = None) -> None:
    """Add values to the answers; existing values stay."""
    store = store or AnswerStore()
    for one in remedies:
        if isinstance(one, GenerateSecret):
            table, _, name = one.key.rpartition(".")
            store.set(site, table, {**(store.get(site, table) or {}), name: {"generate": one.length}})
        elif isinstance(one, AddTableEntries):
            store.set(site, one.key, {**dict(one.entries), **(store.get(site, one.key) or {})})
        elif isinstance(one, AddAnswer):
            before = store.get(site, one.key) or []
            store.set(site, one.key, [*before, *(value for value in one.values if value not in before)])


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
