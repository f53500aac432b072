"""Everything once more, from outside in: the report that a person wants at the end."""

from __future__ import annotations


def visit(site: str | None, *, as_json: bool) -> int:
    """The whole command: looks and shows. Alters nothing. Returns the exit code."""
    from piwizard.checkup.examine import examine
    from piwizard.cli import output
    from piwizard.doctor.show import show

    found = examine(site)
    if as_json:
        output.dump({"findings": [finding.as_json() for finding in found]})
    else:
        show(found)
    return 0 if all(finding.ok for finding in found) else 1
