"""Define findings, which are checks with their step and site, and show them."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.setup.state_symbols import state_symbol
from piwizard.system import console, remedies
from piwizard.system.checks import Check
from piwizard.system.lazy_dataclass import dataclass

ALWAYS_SHOWN = frozenset({"ssl-labs-grade"})
"""Checks whose result is worth reading even if they passed."""


@dataclass(frozen=True)
class Finding(Check):
    """One check of a step, for a site or for the machine. `detail` is the evidence."""

    step: str = ""
    site: str | None = None

    @property
    def fixable(self) -> bool:
        """Return whether `doctor --fix` fixes it by itself."""
        return not self.ok and remedies.is_automatic(self.fix)

    @property
    def asks(self) -> bool:
        """Return whether `doctor --fix` fixes it with a value from the user."""
        return not self.ok and remedies.needs_input(self.fix)

    def as_json(self) -> dict[str, str | bool | None]:
        """Return the form used with --json."""
        return {
            "id": self.id,
            "subject": self.subject,
            "name": self.name,
            "step": self.step,
            "site": self.site,
            "ok": self.ok,
            "detail": self.detail,
            "cause": self.cause,
            "fix": self.advice,
            "fixable": self.fixable,
        }


def from_check(check: Check, step: str, site: str | None) -> Finding:
    """Return a step's own check as a finding.

    A check that passed has neither cause nor fix.
    """
    cause, fix = ("", ()) if check.ok else (check.cause, check.fix)
    return Finding(
        check.id, check.name, check.ok, check.detail, cause, fix, check.beyond, check.subject, step=step, site=site
    )


def show_findings(found: Sequence[Finding], *, everything: bool = False) -> None:
    """Show each problem with its cause and fix, then how many checks passed.

    `everything`: show each check that passed, too.
    """
    bad = [finding for finding in found if not finding.ok]
    for finding in bad:
        console.say(((f"{state_symbol('failed')} {_heading(finding)}", "problem"), (f": {finding.detail}", "")), hang=4)
        for title, text in (("Why", finding.cause), ("Fix", finding.advice)):
            if text:
                console.say(((f"    {title + ':':6}", "heading"), (text, "")), hang=10)
    for finding in found:
        if finding.ok and (everything or finding.id in ALWAYS_SHOWN):
            console.say(((f"{state_symbol('done')} ", "ok"), (f"{_heading(finding)}: {finding.detail}", "")), hang=4)
    hidden = "" if everything or len(bad) == len(found) else " --all lists every check."
    symbol = state_symbol("failed" if bad else "done")
    console.say("", ((f"{symbol} ", "problem" if bad else "ok"), (f"{summary(found)}{hidden}", "")))


def _heading(finding: Finding) -> str:
    return f"{finding.name}{f' ({finding.site})' if finding.site else ''}"


def summary(found: Sequence[Finding]) -> str:
    """Return the last line: the numbers of checks, failures and automatic fixes."""
    bad = [finding for finding in found if not finding.ok]
    passed = len(found) - len(bad)
    if not bad:
        return f"All {passed} checks passed."
    fixable = sum(finding.fixable or finding.asks for finding in bad)
    fixes = f" `piwizard doctor --fix` fixes {fixable if fixable < len(bad) else 'all'} of them." if fixable else ""
    problems = f"{len(bad)} problem{'s' if len(bad) > 1 else ''}"
    return f"{problems}, {passed} {'check' if passed == 1 else 'checks'} passed.{fixes}"
