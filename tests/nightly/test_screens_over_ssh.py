"""Use the screens over SSH: cut the connection on each page and at each stage, and use simple terminals."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab import full_setup, home, product, sample_app
from tests.lab.eventually import eventually
from tests.lab.first_setup import DOWN, ENTER, REPOSITORY_FIELD, SETTINGS_FIELDS, FirstSetup
from tests.lab.full_setup import APP_SECRET
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.pi import Pi
from tests.lab.terminal import Terminal

MIN_RETURNS = 3
"""Logins that must meet the running installation: some of its stages are shorter than a login."""


@pytest.fixture
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with piwizard, in a home with the Internet, for an app that requires API_KEY."""
    made = full_setup.at_home(lab, "trixie")
    lab.git.commit("tame", {**sample_app.FILES, "app.py": full_setup.REQUIRING})
    yield made
    made.discard()
    home.open_accounts(lab)


def started(pi: Pi) -> tuple[list[str], str]:
    """Return the steps that the run has begun, and its result, "" before its end."""
    steps, result = [], ""
    for path in pi.files.glob("var/log/piwizard/*/events.jsonl"):
        for line in path.read_bytes().split(b"\n")[:-1]:
            event = json.loads(line)
            if event["event"] == "run-started":
                steps.append(event["step"])
            elif event["event"] == "apply-finished":
                result = event["result"]
    return steps, result


class Visits:
    """A user whose connection is cut again and again. Each visit continues the setup from the overview."""

    def __init__(self, pi: Pi) -> None:
        self.pi, self.person = pi, Person(pi)
        self.one = FirstSetup(self.person)

    def first(self) -> None:
        """Log in for the first time, and begin."""
        assert self.person.log_in() == "[ Start ]"
        self.one.press(ENTER)

    def again(self) -> None:
        """Log in again, and open the setup of the site, whose code is known."""
        assert self.person.log_in() == "Add a site"
        self.person.terminal.see("d deploy", 60)
        self.one.press("d")
        self.person.terminal.see("Found in your code", 90)
        self.one.press(ENTER)

    def cut(self, **kept: object) -> None:
        """Cut the connection, and wait until these answers are on the disk, with "__" for a dot in a key."""
        self.person.terminal.rest()
        self.person.leave()
        for key, value in kept.items():
            eventually(lambda: self._is_kept(key.replace("__", "."), value))  # noqa: B023 — called at once

    def _is_kept(self, key: str, value: object) -> bool:
        assert full_setup.kept(self.pi).get(key) == value
        return True


def test_connection_cut_on_each_page_and_at_each_stage_loses_nothing(lab: Lab, pi: Pi) -> None:
    visits, repo = Visits(pi), lab.git.url("tame")
    one, person = visits.one, visits.person

    visits.first()
    person.terminal.see(REPOSITORY_FIELD, 60)
    one.fill(repo)
    visits.cut(app__repo=repo)

    visits.again()
    person.terminal.see(SETTINGS_FIELDS, 60)
    one.type(APP_SECRET)
    visits.cut(app__env={"API_KEY": {"asked": True}})
    assert APP_SECRET in full_setup.secrets(pi)

    visits.again()
    person.terminal.see("Who should be able to open", 60)
    one.press(DOWN)
    one.press(ENTER)
    person.terminal.see("Name  ", 30)
    one.fill(home.DUCK)
    visits.cut(site__domains=[home.DUCK])

    visits.again()
    person.terminal.see("DuckDNS token", 60)
    one.type(home.TOKEN)
    visits.cut(ddns__password={"asked": True})

    visits.again()
    person.terminal.see("Enter continue", 60)
    one.press(ENTER)
    person.terminal.see("Ready to install", 120)
    visits.cut(**{key.replace(".", "__"): value for key, value in full_setup.answers(repo).items()})
    assert started(pi) == ([], "")

    visits.again()
    person.terminal.see("Enter continue", 60)
    one.press(ENTER)
    one.install()
    met = cut_at_each_stage(pi, person)
    assert met >= MIN_RETURNS
    eventually(lambda: started(pi)[1] == "done", full_setup.RUN)
    full_setup.served(lab)
    full_setup.all_done(pi)


def cut_at_each_stage(pi: Pi, person: Person) -> int:
    """Cut the connection whenever another step begins. Return how often a login met the installation."""
    met, before = 0, 0
    while not started(pi)[1]:
        if len(started(pi)[0]) == before:
            person.terminal.rest(0.2)
            continue
        before = len(started(pi)[0])
        person.leave()
        person.log_in()
        terminal = person.terminal
        terminal.wait(lambda: "Installing" in "\n".join(terminal.lines) or bool(started(pi)[1]), 60)  # noqa: B023
        if "Installing" in "\n".join(terminal.lines):
            met += 1
        else:
            assert started(pi)[1], "\n".join(terminal.lines)
    person.leave()
    return met


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_screens_work_in_simple_terminals(lab: Lab, term: str) -> None:
    pi = product.ready_pi(lab, "trixie")
    terminal = Terminal(pi.ssh_argv(("piwizard",), tty=True), term=term)
    terminal.expect("password for alex:")
    terminal.rest()  # input is discarded before sudo is ready
    terminal.type(f"{pi.password}\r")
    terminal.see("[ Start ]", 60)
    terminal.type("\x10")
    terminal.see("type a part of a command", 60)
    terminal.type("all steps\r")
    terminal.see("[ Install ]", 60)
    terminal.rest()
    assert terminal.lines[0].startswith(" piwizard")
    assert set(terminal.lines[1]) == {"-"}
    assert all(line[23:24] == "|" for line in terminal.lines[2:20])
    assert "q quit" in terminal.lines[23]
    terminal.type("q")
    terminal.expect("Your answers are saved")
    terminal.hang_up()
    pi.discard()
