"""Test the inspection of a step: its changes, its checks, and its obstacles."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.apps import leak_check
from piwizard.apps.layout import SiteLayout
from piwizard.changes.link import Link
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.health import inspect, inspect_live
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system import paths
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


@pytest.mark.parametrize("broken", ["plan", "checks", "live_checks"])
def test_unforeseen_error_of_a_step_belongs_to_it_alone(planner, broken):
    """What a site's files do to its own steps hides no other site."""

    def unforeseen(place):
        raise UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed")

    setattr(planner, broken, unforeseen)
    health = inspect_live(planner, PLACE) if broken == "live_checks" else inspect(planner, PLACE, workspace.backups())
    assert "unforeseen" in health.error.message


def test_odd_file_names_in_an_apps_data_are_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path)
    layout = SiteLayout("blog", "hello")
    layout.data.mkdir(parents=True)
    (Path(os.fsdecode(os.fsencode(layout.data) + b"/\xff.db"))).write_bytes(b"SQLite format 3\0" + b"x" * 100)
    asked = []
    private = leak_check.list_private_files(layout)
    leak_check.find_leaks(private, asked.append, patience=0.0)
    assert "/%FF.db" in asked
