"""Run the whole setup in the plain prompts over SSH."""

from __future__ import annotations

import re
import time

import pytest

from tests.lab import full_setup, home, product, quickstart, sample_app
from tests.lab.dialogue import Dialogue
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HOST = "myflask.local"
CHANGE = "Change any of these? [no]"
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
MAX_ANSWERS = {"home": 5, "internet": 7}
"""Questions until the installation, those included that Enter answers."""
RUN = 900.0
"""Maximum seconds for a run that installs packages."""


@pytest.fixture
def ready(lab: Lab, release: str):
    lab.git.commit("myflask", sample_app.FILES)
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


def change(dialogue: Dialogue, title: str) -> None:
    """Choose a group of answers to change, by the number before its title."""
    offered = dialogue.expect(CHANGE, 120)
    found = re.findall(rf"^  (\d+)  {title}", offered, re.MULTILINE)
    assert found, offered
    dialogue.answer("", found[-1])


def answer_app(dialogue: Dialogue) -> None:
    """Add persistent paths and settings to what was found in the code."""
    change(dialogue, "Correct these findings")
    dialogue.fill_in(("Persistent paths", "result.json"), until=CHANGE, timeout=120)
    change(dialogue, "Settings your app reads")
    dialogue.fill_in(
        ("Environment variables (Enter to finish):", "SECRET_KEY = { generate = 32 }"),
        ("Environment variables (Enter to finish):", 'GREETING = Hello $you "there" 100%'),
        ("Environment variables (Enter to finish):", "API_KEY"),
        ("API_KEY (not shown):", SECRET),
        until=CHANGE,
        timeout=120,
    )
    dialogue.answer(CHANGE)


def answer_address(dialogue: Dialogue) -> None:
    """Serve the site under two names, without HTTPS."""
    dialogue.answer("Who should be able to open myflask? [home]", timeout=120)
    change(dialogue, "Name")
    dialogue.answer("Name [", f"{HOST}, www.{HOST}")
    dialogue.answer("one more")
    dialogue.answer(CHANGE, timeout=120)


@pytest.mark.parametrize("audience", ["home", "internet"])
def test_prompts_need_few_answers_and_one_confirmation(lab: Lab, audience: str) -> None:
    """Bring an app to its page with what is found and suggested; count every question, Enter included."""
    pi = full_setup.at_home(lab, "trixie")
    dialogue = _log_in(pi, "dumb")
    answers: list[tuple[str, str]] = [("Git repository (such as", lab.git.url("tame")), (CHANGE, "")]
    if audience == "home":
        answers += [("Who should be able to open tame? [home]", "")]
    else:
        answers += [
            ("Who should be able to open tame? [home]", "internet"),
            ("Name (such as photos.duckdns.org):", home.DUCK),
            ("DuckDNS token (not shown", home.TOKEN),
        ]
    answers += [(CHANGE, ""), ("Install now?", "install")]
    for question, answer in answers:
        dialogue.answer(question, answer, 120)
    dialogue.expect("Your app is online: http", RUN)
    dialogue.answer("What now? [", "quit", 120)  # suggested is what the run leaves to do, so quit is typed
    assert dialogue.end() == 0
    assert len(answers) <= MAX_ANSWERS[audience]
    assert dialogue.text.count("Install now?") == 1
    home.open_accounts(lab)
    pi.discard()


def test_prompts_survive_two_lost_connections(lab: Lab, ready: Pi, release: str, log_in) -> None:
    term, repo = TERMINALS[release], lab.git.url("myflask")
    ready.write("/run/secret-of-the-test", SECRET)
    seen: list[str] = []
    watcher = ready.start(("python3", "-c", WATCH), on_line=lambda stream, line: seen.append(line))
    said = [log_in()]
    said[-1].answer("Git repository (such as", repo)
    said[-1].expect(CHANGE, 120)
    said[-1].hang_up()  # in the middle of the questions

    said.append(log_in())
    said[-1].answer("What now? [continue]")
    answer_app(said[-1])
    answer_address(said[-1])
    said[-1].answer("Install now?", "install", 120)
    said[-1].expect("Web server: running", RUN)
    said[-1].hang_up()  # in the middle of a run

    said.append(log_in())
    said[-1].answer("What now? [watch]", "watch")
    said[-1].expect("done in", RUN)
    said[-1].expect("What now? [", RUN)
    said[-1].type("quit\r")
    assert said[-1].end() == 0

    quickstart.serves(ready, HOST)
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
