"""Test the inspection of a step: its changes, its checks, and its obstacles."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from piwizard.changes.link import Link
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.health import inspect
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system.checks import Check

PLACE = StepInstance(step_named("nginx"), None)
PASSED, FAILED = Check("one", "One", True, "fine"), Check("two", "Two", False, "broken")


@pytest.fixture
def planner(tmp_path, own_places):
    """Return a planner whose step is a missing link."""
    return SimpleNamespace(
        plan=lambda place: [Link(tmp_path / "link", "target")], checks=lambda place: [PASSED, FAILED]
    )


def refusing(place):
    raise PiwizardError("site.domains is missing.")


def test_checks_are_made_and_changes_probed_on_request(planner):
    assert inspect(planner, PLACE).drift is None
    health = inspect(planner, PLACE, workspace.backups())
    assert ([one.change.describe() for one in health.drift], health.failed) == (
        [planner.plan(PLACE)[0].describe()],
        (FAILED,),
    )


def test_checks_are_skipped_after_drift_on_request(planner):
    health = inspect(planner, PLACE, workspace.backups(), stop_at_drift=True)
    assert health.drift
    assert health.checks == ()


def test_error_of_checks_keeps_the_drift(planner):
    planner.checks = refusing
    health = inspect(planner, PLACE, workspace.backups())
    assert (len(health.drift), health.error.message) == (1, "site.domains is missing.")


def test_error_of_a_plan_leaves_the_drift_unknown(planner):
    planner.plan = refusing
    health = inspect(planner, PLACE, workspace.backups())
    assert (health.drift, health.checks, str(health.error)) == (None, (), "site.domains is missing.")
