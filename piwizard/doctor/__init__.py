"""`piwizard doctor`: find what is wrong, from the outside in, with causes and fixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piwizard.doctor.finding import Finding


def visit(site: str | None, *, fix: bool, yes: bool, as_json: bool) -> int:
    """Run the command: examine, show, fix after a yes, examine again. Return the exit code.

    Under --json the findings come last, after the events of the fixes.
    """
    from piwizard.doctor.examine import examine
    from piwizard.doctor.mending import fix as fix_all

    found = examine(site)
    if not (as_json and fix):
        _give(found, as_json=as_json)
    if fix:
        fixed = fix_all(found, yes=yes, as_json=as_json)
        if fixed:
            found = examine(site)
        if fixed or as_json:
            _give(found, as_json=as_json)
    return 0 if all(finding.ok for finding in found) else 1


def _give(found: Sequence[Finding], *, as_json: bool) -> None:
    from piwizard import output
    from piwizard.doctor.show import show

    if as_json:
        output.dump({"findings": [finding.as_json() for finding in found]})
    else:
        show(found)
