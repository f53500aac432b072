"""Test which steps a run is requested for, and which their background jobs do."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader
from piwizard.apps.app_source import PinnedCommit
from piwizard.changes.base import IN_SYNC, Preview
from piwizard.engine import run_launch
from piwizard.setup import run_request, workspace
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance, all_questions, step_named
from piwizard.system import caller_env, paths
from piwizard.system.background_job import BackgroundJob

NGINX, DHPARAM = StepInstance(step_named("nginx"), None), StepInstance(step_named("dhparam"), None)
LEFT, PENDING = Preview(in_sync=False), Preview(in_sync=False, pending=True)


class Foreseen:
    """A change with a fixed preview."""

    kind = "test"

    def __init__(self, preview):
        self._preview = preview

    def probe(self, machine, memory):
        return self._preview


class Planned(Planner):
    """A wizard whose steps have nothing to do, except what a test adds."""

    previews: tuple[Preview, ...] = ()

    def plan(self, place):
        return [Foreseen(one) for one in self.previews] if place == DHPARAM else []


@pytest.fixture
def planner(own_places):
    return Planned(file_reader.parse('[dhparam]\nway = "generate"', all_questions()), workspace.secret_store())


def test_start_asks_for_the_steps_of_the_plan_in_order(planner, monkeypatch):
    asked = []
    monkeypatch.setattr(run_launch, "start", lambda wanted, validate: asked.append(wanted) or "run-1")
    monkeypatch.setattr(caller_env, "read_caller", lambda: "alex")
    run_request.start(planner, [(NGINX, []), (DHPARAM, [])], overwrite=True)
    run_request.start(planner, [(NGINX, [])], overwrite=False, by="poll")
    assert asked == [
        run_launch.RunRequest("apply", (("nginx", None), ("dhparam", None)), overwrite=True, by="alex"),
        run_launch.RunRequest("apply", (("nginx", None),), by="poll"),
    ]


def test_plan_is_outdated_once_another_release_is_in_use(planner, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path / "srv")
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    current = tmp_path / "srv" / "blog" / "current"
    current.parent.mkdir(parents=True)
    current.symlink_to("releases/one")
    started = []
    monkeypatch.setattr(run_launch, "_start", lambda wanted: started.append(wanted) or "run-1")
    monkeypatch.setattr(run_launch, "require_free", lambda: None)
    monkeypatch.setattr(planner.context, "pins", lambda: {"blog": PinnedCommit("c0ffee", "one")})
    assert run_request.start(planner, [(NGINX, [])], overwrite=False, by="alex") == "run-1"
    assert started[0].pins == (("blog", "c0ffee"),)
    current.unlink()
    current.symlink_to("releases/two")
    with pytest.raises(run_request.PlanOutdated, match="Another version of blog was deployed since"):
        run_request.start(planner, [(NGINX, [])], overwrite=False, by="alex")
    assert len(started) == 1


@pytest.mark.parametrize(
    ("previews", "needed"),
    [
        ((IN_SYNC, PENDING, LEFT), [NGINX]),
        ((LEFT, PENDING, LEFT), [NGINX, DHPARAM]),
        ((IN_SYNC, LEFT), [NGINX, DHPARAM]),
        ((IN_SYNC,), [NGINX, DHPARAM]),
    ],
    ids=["waits for its job", "other answers", "job has ended", "not done"],
)
def test_needed_skips_a_step_that_waits_for_its_job(planner, previews, needed):
    planner.previews = previews
    assert [place for place, _ in run_request.needed(planner, [NGINX, DHPARAM], [])] == needed


def test_in_background_names_the_steps_whose_jobs_run(monkeypatch):
    monkeypatch.setattr(BackgroundJob, "running", lambda self: True)
    assert run_request.in_background([NGINX, DHPARAM]) == [DHPARAM]
    monkeypatch.setattr(BackgroundJob, "running", lambda self: False)
    assert run_request.in_background([NGINX, DHPARAM]) == []
