"""What `apply` says when there is nothing to do, and what `undo` refuses."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from piwizard.cli import apply
from piwizard.errors import PiwizardError
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system.checks import Check


def place(step: str, site: str | None = None) -> StepInstance:
    return StepInstance(step_named(step), site)


SERVED = [place("system"), place("nginx"), *(place(step, "blog") for step in ("app", "gunicorn", "site"))]


class Planner:
    """Checks that were looked at before."""

    def __init__(self, **checks: Check) -> None:
        self._checks = checks

    def checks(self, one: StepInstance) -> Iterable[Check]:
        return [self._checks.get(one.step.name, Check("fine", "Fine", True, "OK"))]


def test_all_is_well() -> None:
    assert apply.require_well(Planner(), SERVED) == []  # type: ignore[arg-type]


def test_what_does_not_work_all_the_same_is_named() -> None:
    broken = Planner(gunicorn=Check("app-answers", "App answers", False, "status 500"))
    with pytest.raises(PiwizardError) as refused:
        apply.require_well(broken, SERVED)  # type: ignore[arg-type]
    words = "Nothing to do, and yet gunicorn of blog does not work: App answers: status 500"
    assert refused.value.message == words
    assert "piwizard doctor" in str(refused.value.hint)


def test_what_is_wrong_beyond_this_machine_is_said_and_no_failure() -> None:
    closed = Check("reachable-from-internet", "Reachable", False, "closed", beyond=True)
    (found,) = apply.require_well(Planner(site=closed), SERVED)  # type: ignore[arg-type]
    assert found == (SERVED[-1], closed)
    both = Planner(site=Check("site-answers", "Site answers", False, "502"), system=closed)
    with pytest.raises(PiwizardError, match="site of blog does not work: Site answers: 502"):
        apply.require_well(both, SERVED)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("undone", "standing"),
    [
        (place("site", "blog"), []),
        (place("gunicorn", "blog"), ["site of blog"]),
        (place("app", "blog"), ["gunicorn of blog", "site of blog"]),
        (place("app", "other"), []),
        (place("nginx"), ["site of blog"]),
        (place("system"), ["nginx", "app of blog", "gunicorn of blog", "site of blog"]),
    ],
)
def test_what_stands_on_a_step(undone: StepInstance, standing: list[str]) -> None:
    assert [one.label for one in SERVED if apply.stands_on(one, undone)] == standing
