"""Define findings, which are checks with their step and site, and show them."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from piwizard.setup.status import state_symbol
from piwizard.system import console, remedies
from piwizard.system.checks import Check


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


def show_findings(found: Sequence[Finding]) -> None:
    """Show each check in one line, and cause and fix of each that failed."""
    width = max(40, min(120, shutil.get_terminal_size().columns))
    for finding in found:
        site = f" ({finding.site})" if finding.site else ""
        symbol = state_symbol("done" if finding.ok else "failed")
        _print(f"{symbol} {finding.name}{site}: {finding.detail}", "    ", width)
        for title, text in (("Why", finding.cause), ("Fix", finding.advice)):
            if text:
                _print(f"    {title + ':':6}{text}", " " * 10, width)
    console.say("", summary(found))


def summary(found: Sequence[Finding]) -> str:
    """Return the last line: the numbers of checks, failures and automatic fixes."""
    bad = [finding for finding in found if not finding.ok]
    if not bad:
        return f"All {len(found)} checks passed."
    fixable = sum(finding.fixable or finding.asks for finding in bad)
    fixes = f" `piwizard doctor --fix` fixes {fixable if fixable < len(bad) else 'all'} of them." if fixable else ""
    return f"{len(bad)} of {len(found)} checks failed.{fixes}"


def _print(text: str, indent: str, width: int) -> None:
    wrapped = textwrap.wrap(console.visible_line(text), width, subsequent_indent=indent, break_long_words=False,
                            break_on_hyphens=False, replace_whitespace=False)  # fmt: skip
    console.say(*wrapped)
