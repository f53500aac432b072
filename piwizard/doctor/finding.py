"""What the doctor found: in a person's words, with the cause, the mend, and what --fix would do about it."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.system.checks import Check


@dataclass(frozen=True)
class Fix:
    """Answers to add, then a run of these steps. `newest`: with the app's newest commit.

    `add` pairs a key with what its list or table gets besides what it holds. `asks` are keys whose values a person is
    asked for first, and whether they are secrets.
    """

    steps: tuple[str, ...]
    add: tuple[tuple[str, tuple[str, ...] | dict[str, object]], ...] = ()
    newest: bool = False
    asks: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Finding:
    """One look, and what it saw. `detail` is the evidence; the rest is for what is not `ok`."""

    name: str
    step: str
    site: str | None
    ok: bool
    detail: str
    cause: str = ""
    mend: str = ""
    fix: Fix | None = None

    @property
    def fixable(self) -> bool:
        """Whether --fix mends it by itself."""
        return not self.ok and self.fix is not None and not self.fix.asks

    @property
    def asks(self) -> bool:
        """Whether --fix mends it with what a person tells."""
        return not self.ok and self.fix is not None and bool(self.fix.asks)

    def as_json(self) -> dict[str, str | bool | None]:
        """The shape of a finding under --json."""
        return {
            "name": self.name,
            "step": self.step,
            "site": self.site,
            "ok": self.ok,
            "detail": self.detail,
            "cause": self.cause,
            "mend": self.mend,
            "fixable": self.fixable,
        }


def from_check(check: Check, step: str, site: str | None, fix: Fix | None = None) -> Finding:
    """A step's own check as a finding."""
    if check.ok:
        return Finding(check.name, step, site, True, check.detail)
    return Finding(check.name, step, site, False, check.detail, check.cause, check.mend, fix)
