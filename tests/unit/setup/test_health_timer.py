"""Test the weekly health check: shown until fixed, logged once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from piwizard.errors import PiwizardError
from piwizard.setup import health_timer, workspace
from piwizard.setup.health_timer import Problem
from piwizard.steps.nginx import Nginx
from piwizard.steps.registry import StepInstance
from piwizard.system import console
from piwizard.system.checks import Check
from piwizard.system.remedies import Advice


@pytest.fixture
def motd(own_places, tmp_path, monkeypatch):
    monkeypatch.setattr(health_timer, "MOTD", tmp_path / "motd.d" / "piwizard")
    return health_timer.MOTD


@pytest.fixture
def refresh_with(motd, monkeypatch):
    """Run one health check that finds these problems."""

    def go(**found):
        given = [Problem(name, name.replace("_", " "), text) for name, text in found.items()]
        monkeypatch.setattr(health_timer, "problems", lambda planner, state: given)
        return health_timer.refresh()

    return go


def test_refresh_reports_only_changes(refresh_with, motd):
    assert refresh_with() == []
    assert not motd.exists()
    assert refresh_with(the_timer="is stopped. Start it.") == ["<4>the timer: is stopped. Start it."]
    assert "  the timer: is stopped. Start it.\n" in motd.read_text()
    assert refresh_with(the_timer="is still stopped.") == []
    assert "still" in motd.read_text()
    assert refresh_with(a_name="points elsewhere.") == ["<4>a name: points elsewhere.", "<5>the timer: OK again."]
    assert refresh_with() == ["<5>a name: OK again."]
    assert not motd.exists()


def test_problem_has_no_secret_and_no_control_character(monkeypatch):
    monkeypatch.setattr(console, "_secret_filter", None)
    console.hide_secrets(["tulips-and-bees"])
    check = Check("app-process-running", "Process bot running", False, "its last line: \x1b[2J tulips-and-bees")
    problem = health_timer.problem_of(StepInstance(Nginx(), None), check)
    assert "tulips" not in problem.text
    assert "\x1b" not in problem.text


def test_refresh_after_a_run_only_if_a_problem_is_shown(refresh_with, motd, monkeypatch):
    monkeypatch.setattr(health_timer, "problems", lambda planner, state: [Problem("x", "x", "y")])
    health_timer.refresh_if_shown()
    assert not motd.exists()
    refresh_with(x="y")
    monkeypatch.setattr(health_timer, "problems", lambda planner, state: [])
    health_timer.refresh_if_shown()
    assert not motd.exists()


@pytest.mark.parametrize("content", ["", "{", "7", "[1]", '["the timer"]', '{"failed": [1]}'])
def test_unreadable_record_counts_as_empty(refresh_with, content):
    refresh_with(x="y")
    (health_timer.paths.state_dir() / "watch.json").write_text(content)
    assert refresh_with(x="y") == ["<4>x: y"]


def test_problems_come_from_done_steps_only(own_places):
    TIMER_CHECK = Check("timer", "renewal timer", False, "is inactive", fix=(Advice("Start it."),))

    def checks(place):
        if place.label == "site of blog":
            raise PiwizardError("site.domains is missing.", hint="Give one.")
        return [TIMER_CHECK, Check("hook", "Hook", True, "is there")]

    places = [
        SimpleNamespace(
            step=SimpleNamespace(name=name), site="blog", label=f"{name} of blog", title=f"{name.title()} (blog)"
        )
        for name in ("site", "renewal", "certbot")
    ]
    planner = SimpleNamespace(all_instances=lambda: places, checks=checks)
    for name in ("site", "renewal"):
        workspace.state().mark(name, "blog", "done", "run-1")
    workspace.state().mark("certbot", "blog", "failed", "run-1")
    assert health_timer.problems(planner, workspace.state()) == [
        Problem("site of blog", "Site (blog)", "site.domains is missing. Give one.", beyond=True),
        Problem("blog/renewal/timer", "Renewal (blog), renewal timer", "is inactive. Start it."),
    ]


def test_login_notice_has_no_control_characters():
    said = health_timer._notice([Problem("x", "site of blog", "redirects to \x1b]0;x\x07\x1b[2J\nhttp://x/\x9b1m")])
    assert all(line.isprintable() for line in said.split("\n"))
    assert len(said.split("\n")) == 3
