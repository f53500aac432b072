"""Run the whole setup in the screens over SSH, with lost connections."""

from __future__ import annotations

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi
from tests.lab.terminal import ESC, Terminal, on

RUN = 900.0
"""Maximum seconds for a run that installs packages."""


@pytest.fixture
def ready(lab: Lab, release: str):
    lab.git.commit("tame", sample_app.FILES)
    pi = product.ready_pi(lab, release)
    yield pi
    pi.discard()


@pytest.fixture
def log_in(ready: Pi):
    """Log in again and open the screens. The terminals are closed at the end."""
    opened: list[Terminal] = []

    def again(term: str = "xterm-256color") -> Terminal:
        terminal = Terminal(ready.ssh_argv(("piwizard",), tty=True), term=term)
        opened.append(terminal)
        terminal.expect("password for alex:")
        terminal.rest()  # input is discarded before sudo is ready
        terminal.type(f"{ready.password}\r")
        terminal.see("Enter continue", 60)
        return terminal

    yield again
    for terminal in opened:
        terminal.hang_up()


def began(pi: Pi, step: str) -> None:
    """Assert that the run has reached a step."""
    assert any(event["event"] == "run-started" and event["step"] == step for event in quickstart.events(pi))


def test_screens_survive_two_lost_connections(lab: Lab, ready: Pi, log_in):
    terminal = log_in()
    terminal.see("This machine")
    terminal.type("\r")
    terminal.see("[ Install ]")
    on(terminal, "App")
    terminal.type("\r")
    terminal.rest()
    terminal.type("myflask\r")
    terminal.rest(1.0)
    terminal.type(lab.git.url("tame"))
    terminal.rest(1.0)
    terminal.hang_up()  # in the middle of a form: typed values are kept

    terminal = log_in()
    terminal.see("Welcome back")
    terminal.type("\r")
    terminal.see("[ Install ]")
    on(terminal, "App")
    terminal.see(lab.git.url("tame"))
    on(terminal, "Site")
    terminal.type("\r")
    terminal.rest()
    terminal.type(f"{quickstart.HOST}\r")
    terminal.rest(1.0)
    terminal.type(ESC)
    terminal.rest(1.0)
    terminal.type("a")
    terminal.see("Install now?", 120)
    assert not (ready.files / "srv" / "myflask").exists(), "changed before the confirmation"
    terminal.type("y")
    terminal.see("change ", 60)
    eventually(lambda: began(ready, "app"), RUN)
    terminal.hang_up()  # in the middle of the run: it continues

    terminal = log_in()
    terminal.type("\r")
    terminal.see("Your app is online", RUN)
    assert ready.http("/", host=quickstart.HOST).status == 200
    assert set(quickstart.states(ready).values()) <= {"done", "skipped"}
    kinds = [event["event"] for event in quickstart.events(ready)]
    assert kinds[-1] == "apply-finished"
    assert kinds.count("command-started") == kinds.count("command-finished")
    terminal.type("q")
    terminal.expect("Your answers are saved")


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_screens_work_in_simple_terminals(ready: Pi, log_in, term: str):
    terminal = log_in(term)
    terminal.type("\r")
    terminal.see("[ Install ]")
    terminal.rest()
    assert terminal.lines[0].startswith(" piwizard")
    assert set(terminal.lines[1]) == {"-"}
    assert all(line[23:24] == "|" for line in terminal.lines[2:20])
    assert "q quit" in terminal.lines[23]
    terminal.type("q")
    terminal.expect("Your answers are saved")
