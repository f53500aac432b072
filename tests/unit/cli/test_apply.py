"""Test `apply` without changes, and the dependencies that `undo` respects."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from piwizard.cli import apply
from piwizard.errors import PiwizardError
from piwizard.setup import undo_summary
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system.checks import Check


def place(step: str, site: str | None = None) -> StepInstance:
    return StepInstance(step_named(step), site)


SERVED = [place("system"), place("nginx"), *(place(step, "blog") for step in ("app", "gunicorn", "site"))]


class Planner:
    """A planner with fixed check results."""

    def __init__(self, **checks: Check) -> None:
        self._checks = checks

    def checks(self, one: StepInstance) -> Iterable[Check]:
        return [self._checks.get(one.step.name, Check("fine", "Fine", True, "OK"))]


def test_health_without_failed_checks_returns_no_problems() -> None:
    assert apply.require_healthy(Planner(), SERVED) == []  # type: ignore[arg-type]


def test_health_failed_check_on_this_machine_is_an_error() -> None:
    broken = Planner(gunicorn=Check("app-answers", "App answers", False, "status 500"))
    with pytest.raises(PiwizardError) as refused:
        apply.require_healthy(broken, SERVED)  # type: ignore[arg-type]
    message = "Nothing to do, but Gunicorn (blog) does not work: App answers: status 500"
    assert refused.value.message == message
    assert "piwizard doctor" in str(refused.value.hint)


def test_health_failed_check_outside_this_machine_is_returned() -> None:
    closed = Check("reachable-from-internet", "Reachable", False, "closed", beyond=True)
    (found,) = apply.require_healthy(Planner(site=closed), SERVED)  # type: ignore[arg-type]
    assert found == (SERVED[-1], closed)
    both = Planner(site=Check("site-answers", "Site answers", False, "502"), system=closed)
    with pytest.raises(PiwizardError, match=r"Site \(blog\) does not work: Site answers: 502"):
        apply.require_healthy(both, SERVED)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("undone", "dependents"),
    [
        (place("site", "blog"), []),
        (place("gunicorn", "blog"), ["site of blog"]),
        (place("app", "blog"), ["gunicorn of blog", "site of blog"]),
        (place("app", "other"), []),
        (place("nginx"), ["site of blog"]),
        (place("system"), ["nginx", "app of blog", "gunicorn of blog", "site of blog"]),
    ],
)
def test_undo_finds_the_steps_that_depend_on_a_step(undone: StepInstance, dependents: list[str]) -> None:
    assert [one.label for one in SERVED if undo_summary.depends_on(one, undone)] == dependents
