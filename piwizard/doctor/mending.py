"""--fix: answers are added, then the one way of altering a machine, a run, takes them up."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from piwizard.answers.validators import Invalid
from piwizard.cli import apply
from piwizard.doctor.finding import Finding, Fix
from piwizard.errors import PiwizardError
from piwizard.setup.answer_store import Answering
from piwizard.steps.registry import STEPS
from piwizard.system import console

NEEDS_SOMEBODY = "What is missing only a person can tell: `piwizard doctor --fix` asks for it at a terminal."


def mend(found: Sequence[Finding], *, yes: bool, as_json: bool) -> bool:
    """Does what the fixable findings say, one run a site. Asks first; says whether anything was done."""
    somebody = sys.stdin.isatty() and not as_json
    fixable = [finding for finding in found if finding.fixable or (finding.asks and somebody and not yes)]
    if not fixable:
        if any(finding.asks for finding in found) and not as_json:
            raise PiwizardError(NEEDS_SOMEBODY, hint="Or put it into the answers by hand, then `piwizard apply`.")
        return False
    if not yes:
        _ask(fixable, as_json=as_json)
    for site in dict.fromkeys(finding.site for finding in fixable):
        fix = together(finding.fix for finding in fixable if finding.site == site and finding.fix)
        for key, secret in fix.asks:
            _give(site, key, secret=secret)
        answer(site, fix)
        code = apply.apply(
            fix.steps, None, site, yes=False, detach=False, as_json=as_json, newest=fix.newest, agreed=True
        )
        if code:
            return True
    return True


def _give(site: str | None, key: str, *, secret: bool) -> None:
    """Asks for the value of one variable of the app, until it is one, and keeps it where it belongs."""
    table, _, name = key.rpartition(".")
    answering = Answering()
    while True:
        text = console.ask_secret(f"{name} (not shown):") if secret else console.ask(f"{name}:")
        if text is None:
            raise PiwizardError("Nothing was altered.")
        try:
            if secret:
                answering.set_secret(site, key, text)
            elif text:
                answering.set(site, table, {**(answering.get(site, table) or {}), name: text})
            if text:
                return
        except Invalid as wrong:
            console.say(f"{name} {wrong}.")


def together(fixes: Iterable[Fix]) -> Fix:
    """Several fixes as one: its steps in the wizard's order, what it adds once."""
    every = list(fixes)
    wanted = {step for fix in every for step in fix.steps}
    steps = tuple(step.name for step in STEPS if step.name in wanted)
    add = [one for fix in every for one in fix.add]
    asks = tuple(dict.fromkeys(one for fix in every for one in fix.asks))
    once = tuple(one for number, one in enumerate(add) if one not in add[:number])
    return Fix(steps, once, any(fix.newest for fix in every), asks)


def answer(site: str | None, fix: Fix) -> None:
    """Adds to the answers what a fix brings; what is there stays."""
    answering = Answering()
    for key, more in fix.add:
        before = answering.get(site, key)
        if isinstance(more, dict):
            answering.set(site, key, {**(before or {}), **more})
        else:
            answering.set(site, key, [*(before or []), *(one for one in more if one not in (before or []))])


def _ask(fixable: Sequence[Finding], *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise PiwizardError("Nobody is there to say yes.", hint="`piwizard doctor --fix --yes` asks nothing.")
    console.say("", "To be mended:")
    for finding in fixable:
        site = f" ({finding.site})" if finding.site else ""
        console.say(f"  {finding.name}{site}: {finding.mend}")
    apply.confirm("Do this?")
