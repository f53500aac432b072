"""Run the whole setup in the plain prompts over SSH."""

from __future__ import annotations

import time

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.dialogue import Dialogue
from tests.lab.lab import Lab
from tests.lab.pi import Pi

SECRET = "tulips & bees 4711"
TERMINALS = {"trixie": "dumb", "bookworm": "xterm-256color"}
WATCH = """
import pathlib, time
secret = pathlib.Path("/run/secret-of-the-test").read_bytes()
while True:
    for argv in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if secret in argv.read_bytes():
                print("seen:", argv, flush=True)
        except OSError:
            pass
    time.sleep(0.02)
"""
RUN = 900.0
"""Maximum seconds for a run that installs packages."""


@pytest.fixture
def ready(lab: Lab, release: str):
    lab.git.commit("tame", sample_app.FILES)
    pi = product.ready_pi(lab, release)
    yield pi
    pi.discard()


@pytest.fixture
def log_in(ready: Pi, release: str):
    """Log in again. The terminals are closed at the end."""
    opened: list[Dialogue] = []

    def again() -> Dialogue:
        opened.append(_log_in(ready, TERMINALS[release]))
        return opened[-1]

    yield again
    for dialogue in opened:
        dialogue.hang_up()


def _log_in(pi: Pi, term: str) -> Dialogue:
    """Run `piwizard` over SSH in a terminal of its own.

    A dumb one gets the plain prompts by default.
    """
    command = ("piwizard",) if term == "dumb" else ("piwizard", "--plain")
    dialogue = Dialogue(pi.ssh_argv(command, tty=True), term=term, columns=160)
    dialogue.expect("password for alex:")
    time.sleep(0.2)
    dialogue.type(f"{pi.password}\r")
    if term == "dumb":
        dialogue.expect("identifies itself as dumb, so the questions appear line by line")
    dialogue.expect("Nothing changes until you have seen the plan")
    return dialogue


def answer_app(dialogue: Dialogue, repo: str) -> None:
    dialogue.answer("Site name [myflask]:")
    dialogue.answer(f"Git repository [{repo}]:")
    dialogue.fill_in(
        ("Persistent paths", "result.json"),
        ("Environment variables (Enter to finish):", "SECRET_KEY = { generate = 32 }"),
        ("Environment variables (Enter to finish):", 'GREETING = Hello $you "there" 100%'),
        ("Environment variables (Enter to finish):", "API_KEY"),
        ("API_KEY (not shown):", SECRET),
        until="Apply these changes?",
        timeout=120,
    )


def test_prompts_survive_two_lost_connections(lab: Lab, ready: Pi, release: str, log_in) -> None:
    term, repo = TERMINALS[release], lab.git.url("tame")
    ready.write("/run/secret-of-the-test", SECRET)
    seen: list[str] = []
    watcher = ready.start(("python3", "-c", WATCH), on_line=lambda stream, line: seen.append(line))
    said = [log_in()]
    said[-1].answer("What now? [go]")
    said[-1].expect("System: todo")
    said[-1].answer("Apply these changes?", "yes")
    said[-1].expect("=== nginx: todo", RUN)
    said[-1].answer("Apply these changes?", "yes")
    said[-1].answer("Site name:", "myflask", RUN)
    said[-1].answer("Git repository:", repo)
    said[-1].expect("Branch or tag [none]:")
    said[-1].hang_up()  # in the middle of a form

    said.append(log_in())
    said[-1].expect("System: done")
    said[-1].expect("nginx: done")
    said[-1].answer("What now? [go]")
    answer_app(said[-1], repo)
    said[-1].answer("Apply these changes?", "yes")
    said[-1].expect("$ git")
    said[-1].hang_up()  # in the middle of a run

    said.append(log_in())
    said[-1].expect("What now? [")
    if said[-1].expect("]") == "watch":
        said[-1].answer("", "watch")
        said[-1].expect("done in", RUN)
        said[-1].expect("What now? [go]")
    said[-1].answer("", "go")
    said[-1].expect("=== Gunicorn (myflask)")
    said[-1].answer("Workers [")
    said[-1].answer("Threads [")
    said[-1].answer("Apply these changes?", "yes")
    said[-1].answer("Domains:", f"{quickstart.HOST}, www.{quickstart.HOST}", RUN)
    said[-1].answer("one more")
    said[-1].answer("Upload limit [")
    said[-1].answer("Apply these changes?", "yes")
    while said[-1].whichever("What now? [quit]", "is optional. Set it up? [Y/n]", timeout=RUN) > 0:
        said[-1].answer("", "n")
    said[-1].answer("", "quit")
    assert said[-1].end() == 0

    quickstart.serves(ready)
    watcher.end()
    assert seen == []
    for dialogue in said:
        assert "Traceback" not in dialogue.text
        assert SECRET.encode() not in dialogue.raw
        if term == "dumb":
            assert b"\x1b" not in dialogue.raw
    holders = ready.run(
        ("grep", "-rlF", SECRET, "/etc", "/var/lib/piwizard", "/var/log", "/srv", "/run/systemd"), check=False
    )
    assert set(holders.output.split()) == {"/var/lib/piwizard/secrets.json", "/srv/myflask/app.env"}
