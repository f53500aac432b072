"""Which lane a run belongs to, and what is left to the one in the background."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from piwizard.answers import file_reader
from piwizard.engine import launch
from piwizard.engine.lock import Lock
from piwizard.machine import places
from piwizard.setup import run_request, workspace
from piwizard.setup.planner import Wizard
from piwizard.steps.registry import Place, all_questions, step_named

NGINX, DHPARAM = Place(step_named("nginx"), None), Place(step_named("dhparam"), None)


class Planless(Wizard):
    """A wizard whose steps have nothing to do."""

    def plan(self, place):
        return []


@pytest.fixture
def wizard(own_places):
    return Planless(file_reader.parse('[dhparam]\nway = "generate"', all_questions()), workspace.vault())


@pytest.fixture
def requests(monkeypatch):
    """What was asked of the engine."""
    asked = []
    monkeypatch.setattr(launch, "start", lambda wanted: asked.append(wanted) or "run-1")
    return asked


@pytest.mark.parametrize(
    ("places", "lane", "steps", "background"),
    [
        ([NGINX], "run", (("nginx", None),), ()),
        ([NGINX, DHPARAM], "run", (("nginx", None),), (("dhparam", None),)),
        ([DHPARAM], "background", (("dhparam", None),), ()),
    ],
)
def test_the_lane(wizard, requests, places, lane, steps, background):
    run_request.start(wizard, [(place, []) for place in places], overwrite=True)
    (wanted,) = requests
    assert (wanted.lane, wanted.steps, wanted.background, wanted.overwrite) == (lane, steps, background, True)


def test_what_is_at_work_in_the_background_is_left_to_it(wizard, own_places):
    launch.folder("run-1").mkdir(parents=True)
    wanted = launch.Request("apply", (("dhparam", None),), lane="background")
    (launch.folder("run-1") / "request.json").write_text(json.dumps(asdict(wanted)))
    lock = Lock(places.lock_file("background"))
    lock.take("run-1")
    try:
        assert run_request.in_background([NGINX, DHPARAM]) == {DHPARAM: "run-1"}
        assert [place for place, _ in run_request.needed(wizard, [NGINX, DHPARAM], [])] == [NGINX]
    finally:
        lock.release()
    assert [place for place, _ in run_request.needed(wizard, [NGINX, DHPARAM], [])] == [NGINX, DHPARAM]
