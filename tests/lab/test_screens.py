"""The whole set-up by the screens, over SSH, by keys alone; with the connection cut on the way."""

from __future__ import annotations

import re

import pytest

from tests.lab import product, road, tame
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi
from tests.screens.glass import Glass

DOWN, ESC = "\x1b[B", "\x1b"
RUN = 900.0
"""Seconds that a run may take in which packages are installed."""


@pytest.fixture
def ready(lab: Lab, release: str):
    lab.git.commit("tame", tame.FILES)
    pi = product.ready_pi(lab, release)
    yield pi
    pi.discard()


@pytest.fixture
def log_in(ready: Pi):
    """Logs in once more and opens the screens. The terminals are closed at the end."""
    opened: list[Glass] = []

    def again(term: str = "xterm-256color") -> Glass:
        glass = Glass(ready.ssh_argv(("piwizard",), tty=True), term=term)
        opened.append(glass)
        glass.expect("password for alex:")
        glass.rest()  # what comes before sudo listens is thrown away
        glass.type(f"{ready.password}\r")
        glass.see("Enter go on", 60)
        return glass

    yield again
    for glass in opened:
        glass.hang_up()


def on(glass: Glass, title: str) -> None:
    """The cursor onto a step, by arrows."""
    glass.type(ESC)
    glass.rest(1.0)
    for _ in range(20):
        if any(re.match(rf" [▸>]. {title} ", line) for line in glass.lines):
            glass.rest(0.7)
            return
        glass.type(DOWN)
        glass.rest(0.4)
    raise AssertionError("\n".join(glass.lines))


def began(pi: Pi, step: str) -> None:
    """Asserts that the run has come to a step."""
    assert any(event["event"] == "run-started" and event["step"] == step for event in road.events(pi))


def test_first_set_up_by_keys_with_the_line_cut_twice(lab: Lab, ready: Pi, log_in):
    glass = log_in()
    glass.see("This machine")
    glass.type("\r")
    glass.see("Set this up")
    on(glass, "App")
    glass.type("\r")
    glass.rest()
    glass.type("myflask\r")
    glass.rest(1.0)
    glass.type(lab.git.url("tame"))
    glass.rest(1.0)
    glass.hang_up()  # in the middle of a form: what is typed is kept

    glass = log_in()
    glass.see("Welcome back")
    glass.type("\r")
    glass.see("Set this up")
    on(glass, "App")
    glass.see(lab.git.url("tame"))
    on(glass, "Site")
    glass.type("\r")
    glass.rest()
    glass.type(f"{road.HOST}\r")
    glass.rest(1.0)
    glass.type(ESC)
    glass.rest(1.0)
    glass.type("a")
    glass.see("Shall this be done?", 120)
    assert not (ready.files / "srv" / "myflask").exists(), "altered before the yes"
    glass.type("y")
    glass.see("change ", 60)
    eventually(lambda: began(ready, "app"), RUN)
    glass.hang_up()  # in the middle of the run: it goes on

    glass = log_in()
    glass.type("\r")
    glass.see("All is set up", RUN)
    assert ready.http("/", host=road.HOST).status == 200
    assert set(road.states(ready).values()) <= {"done", "skipped"}
    kinds = [event["event"] for event in road.events(ready)]
    assert kinds[-1] == "apply-finished"
    assert kinds.count("command-started") == kinds.count("command-finished")
    glass.type("q")
    glass.expect("Your answers are kept")


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_poor_terminals_over_ssh(ready: Pi, log_in, term: str):
    glass = log_in(term)
    glass.type("\r")
    glass.see("Set this up")
    glass.rest()
    assert glass.lines[0].startswith(" piwizard")
    assert set(glass.lines[1]) == {"-"}
    assert all(line[23:24] == "|" for line in glass.lines[2:20])
    assert "q leave" in glass.lines[23]
    glass.type("q")
    glass.expect("Your answers are kept")
