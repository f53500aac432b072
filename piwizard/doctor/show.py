"""Findings as text for a person."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

from piwizard import output, printing
from piwizard.doctor.finding import Finding


def show(found: Sequence[Finding]) -> None:
    """Show one line for each check that passed, cause and fix for each that failed, and what to do next."""
    width = max(40, min(120, shutil.get_terminal_size().columns))
    for finding in found:
        site = f" ({finding.site})" if finding.site else ""
        sign = output.sign("done" if finding.ok else "failed")
        _print(f"{sign} {finding.name}{site}: {finding.detail}", "    ", width)
        for title, text in (("Why", finding.cause), ("Fix", finding.advice)):
            if text:
                _print(f"    {title + ':':6}{text}", " " * 10, width)
    printing.say("", summary(found))


def summary(found: Sequence[Finding]) -> str:
    """Return the last line: how many checks passed, how many failed, what --fix can do."""
    bad = [finding for finding in found if not finding.ok]
    if not bad:
        return f"All {len(found)} checks passed."
    fixable = sum(finding.fixable or finding.asks for finding in bad)
    fixes = f" `piwizard doctor --fix` fixes {fixable if fixable < len(bad) else 'all'} of them." if fixable else ""
    return f"{len(bad)} of {len(found)} checks failed.{fixes}"


def _print(text: str, indent: str, width: int) -> None:
    wrapped = textwrap.wrap(printing.shown(text), width, subsequent_indent=indent, break_long_words=False,
                            break_on_hyphens=False, replace_whitespace=False)  # fmt: skip
    printing.say(*wrapped)
