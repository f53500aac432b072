"""What a diagnosis found: a check, with the step and the site that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.machine import remedies
from piwizard.machine.checks import Check


@dataclass(frozen=True)
class Finding(Check):
    """One check of a step, for a site or for the machine. `detail` is the evidence."""

    step: str = ""
    site: str | None = None

    @property
    def fixable(self) -> bool:
        """Whether `doctor --fix` fixes it by itself."""
        return not self.ok and remedies.is_automatic(self.fix)

    @property
    def asks(self) -> bool:
        """Whether `doctor --fix` fixes it with a value that a person gives."""
        return not self.ok and remedies.asks(self.fix)

    def as_json(self) -> dict[str, str | bool | None]:
        """Return the shape of a finding under --json."""
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
    """Return a step's own check as a finding. What explains a failed one is left out where it passed."""
    cause, fix = ("", ()) if check.ok else (check.cause, check.fix)
    return Finding(
        check.id, check.name, check.ok, check.detail, cause, fix, check.beyond, check.subject, step=step, site=site
    )
