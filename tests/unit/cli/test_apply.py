"""What `apply` says when there is nothing to do, and what `undo` refuses."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from piwizard.cli import apply
from piwizard.errors import PiwizardError
from piwizard.steps.registry import Place, step_named
from piwizard.system.checks import Check


def place(step: str, site: str | None = None) -> Place:
    return Place(step_named(step), site)


SERVED = [place("system"), place("nginx"), *(place(step, "blog") for step in ("app", "gunicorn", "site"))]


class Wizard:
    """Checks that were looked at before."""

    def __init__(self, **checks: Check) -> None:
        self._checks = checks

    def checks(self, one: Place) -> Iterable[Check]:
        return [self._checks.get(one.step.name, Check("fine", True, "well"))]


def test_all_is_well() -> None:
    assert apply.require_well(Wizard(), SERVED) == []  # type: ignore[arg-type]


def test_what_does_not_work_all_the_same_is_named() -> None:
    broken = Wizard(gunicorn=Check("app answers", False, "500 on its socket"))
    with pytest.raises(PiwizardError) as refused:
        apply.require_well(broken, SERVED)  # type: ignore[arg-type]
    words = "Nothing to do, and yet gunicorn of blog does not work: app answers: 500 on its socket"
    assert refused.value.message == words
    assert "piwizard doctor" in str(refused.value.hint)


def test_what_is_wrong_beyond_this_machine_is_said_and_no_failure() -> None:
    closed = Check("way in", False, "closed", beyond=True)
    (found,) = apply.require_well(Wizard(site=closed), SERVED)  # type: ignore[arg-type]
    assert found == (SERVED[-1], closed)
    both = Wizard(site=Check("site answers", False, "502"), system=closed)
    with pytest.raises(PiwizardError, match="site of blog does not work: site answers: 502"):
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
def test_what_stands_on_a_step(undone: Place, standing: list[str]) -> None:
    assert [one.label for one in SERVED if apply.stands_on(one, undone)] == standing
