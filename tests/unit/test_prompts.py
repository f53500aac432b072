"""Test the plain prompts in a real terminal; see prompts_child.py."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.dialogue import Dialogue

CHILD = Path(__file__).with_name("prompts_child.py")
SECRET = "tulips & bees 4711"
TOKEN = "0b7c6a52-1f0e-4f6e-9d57-3a1f6c2f7e11"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "flowers"
    (folder / "static").mkdir(parents=True)
    (folder / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (folder / "static" / "style.css").write_text("body { color: red; }\n")
    subprocess.run(("git", "init", "--quiet", "--initial-branch=main"), cwd=folder, check=True)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything in a repository."""
    for argv in (("add", "."), ("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "A")):
        subprocess.run(("git", *argv), cwd=folder, check=True)


@pytest.fixture(params=["xterm-256color", pytest.param("dumb", marks=pytest.mark.nightly)])
def term(request) -> str:
    return request.param


both_terminals = pytest.mark.parametrize("term", ["xterm-256color", "dumb"], indirect=True)
"""A terminal that cannot move its cursor, as a screen reader's: by day only what differs there."""


@pytest.fixture
def talk(tmp_path: Path, term: str) -> Iterator:
    """Start the prompts in a wide terminal, so that no input is wrapped."""
    begun: list[Dialogue] = []

    def start(**options) -> Dialogue:
        env = {"PYTHONPATH": str(CHILD.parents[2]), **options.pop("env", {})}
        argv = (sys.executable, str(CHILD), str(tmp_path))
        begun.append(Dialogue(argv, term=term, columns=160, env=env, **options))
        return begun[-1]

    yield start
    for dialogue in begun:
        dialogue.hang_up()
        if term == "dumb":
            assert b"\x1b" not in dialogue.raw
        assert b"\x1b[6n" not in dialogue.raw, "asks the terminal where its cursor is"


def answers(folder: Path) -> dict:
    return tomllib.loads((folder / "etc" / "answers.toml").read_text())


def to_review(dialogue: Dialogue, repo: Path) -> None:
    """Answer what everybody is asked for a site at home."""
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.answer("Change any of these? [no]")
    dialogue.answer("Who should be able to open flowers? [home]")
    dialogue.answer("Change any of these? [no]")


@both_terminals
def test_home_only_site_takes_five_answers_and_one_confirmation(talk, tmp_path, repo):
    dialogue = talk()
    dialogue.expect("Nothing changes until you have seen the plan and confirmed it.")
    dialogue.expect("[1/4] Your app")
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.expect("Starts with: app:app (app is a Flask app, app.py, line 3)")
    dialogue.expect("Static files: static/ (served at /static/)")
    dialogue.answer("Change any of these? [no]")
    dialogue.expect("[2/4] Address")
    dialogue.answer("Who should be able to open flowers? [home]")
    dialogue.answer("Change any of these? [no]")
    dialogue.expect("[3/4] Review")
    dialogue.expect("Result: http://raspberrypi.local")
    dialogue.answer("Install now?", "install")
    dialogue.expect("[4/4] Install")
    for stage in ("Web server", "Your app", "Service", "Address"):
        dialogue.expect(f"{stage}: done")
    dialogue.expect("Your app is online: http://raspberrypi.local")
    dialogue.expect("flowers: online")
    dialogue.answer("What now? [quit]")
    dialogue.expect("Your answers are saved.")
    assert dialogue.end() == 0
    assert answers(tmp_path)["site"] == {"name": "flowers", "domains": ["raspberrypi.local"]}
    assert dialogue.text.count("[3/4] Review") == 1


def test_internet_site_asks_what_its_provider_needs(talk, tmp_path, repo):
    dialogue = talk()
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.answer("Change any of these? [no]")
    dialogue.answer("Who should be able to open flowers? [home]", "internet")
    dialogue.answer("Name (such as photos.duckdns.org):", "-flowers-.example.org")
    dialogue.expect("! The name ")
    dialogue.answer("Name (such as photos.duckdns.org):", "my flowers")
    dialogue.expect("! Enter a domain name with a dot and without spaces")
    dialogue.answer("Name (such as photos.duckdns.org):", "flowers.local")
    dialogue.expect("! flowers.local works only at home.")
    dialogue.answer("Name (such as photos.duckdns.org):", "flowers.duckdns.org")
    dialogue.answer("DuckDNS token (not shown", TOKEN)
    dialogue.expect("Router: by hand")  # no router answers here
    dialogue.answer("Change any of these? [no]")
    dialogue.expect("[3/4] Review")
    dialogue.expect("Result: https://flowers.duckdns.org")
    dialogue.hang_up()
    kept = answers(tmp_path)
    assert (kept["router"]["forward"], kept["tls"]["https"], kept["ddns"]["provider"]) == ("by-hand", True, "duckdns")
    assert "User name" not in dialogue.text
    assert TOKEN.encode() not in dialogue.raw


def test_variable_that_the_code_requires_is_asked_before_anything_runs(talk, tmp_path, repo):
    (repo / "app.py").write_text(
        'import os\nfrom flask import Flask\n\napp = Flask(__name__)\nKEY = os.environ["API_KEY"]\n'
    )
    commit(repo)
    dialogue = talk()
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.expect("Read in app.py, line 5")
    dialogue.answer("API_KEY (not shown; Enter to do this later):")
    dialogue.answer("Change any of these? [no]")
    dialogue.answer("Who should be able to open flowers? [home]")
    dialogue.answer("Change any of these? [no]")
    dialogue.expect("Before the installation, piwizard needs:")
    dialogue.expect("! API_KEY")
    dialogue.answer("What now? [answer]")
    dialogue.answer("API_KEY (not shown; Enter to do this later):", SECRET)
    dialogue.expect("Ready to install.")
    dialogue.answer("Install now?", "no")
    dialogue.expect("What now? [continue]")
    assert answers(tmp_path)["app"]["env"] == {"API_KEY": {"asked": True}}
    assert SECRET.encode() not in dialogue.raw
    holders = {file for file in tmp_path.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()}
    assert holders == {tmp_path / "lib" / "secrets.json"}


def test_findings_can_be_corrected(talk, tmp_path, repo):
    dialogue = talk()
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.answer("Change any of these? [no]", "9")
    dialogue.expect("Type a number, or press Enter to continue.")
    dialogue.answer("Change any of these? [no]", "5")
    dialogue.fill_in(
        ("Environment variables (Enter to finish):", "MODE=fast"),
        ("Environment variables (Enter to finish):", "SECRET_KEY={ generate = 32 }"),
        ("Environment variables (Enter to finish):", "API_KEY"),
        ("API_KEY (not shown):", SECRET),
        until="Change any of these? [no]",
    )
    dialogue.expect("")
    assert answers(tmp_path)["app"]["env"] == {
        "MODE": "fast",
        "SECRET_KEY": {"generate": 32},
        "API_KEY": {"asked": True},
    }
    assert SECRET.encode() not in dialogue.raw


def test_details_are_shown_before_the_installation(talk, repo):
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "details")
    dialogue.expect("$ git ")
    dialogue.answer("Install now?", "no")
    dialogue.expect("flowers: new")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_prompts_continue_after_leaving(talk, tmp_path, repo, key):
    dialogue = talk()
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.expect("Change any of these? [no]")
    time.sleep(0.1)
    dialogue.type(key)
    dialogue.expect("Your answers are saved. Run `piwizard --plain` to continue.")
    assert dialogue.end() == 130
    assert "Traceback" not in dialogue.text
    assert answers(tmp_path) == {"site": {"name": "flowers"}, "app": {"repo": str(repo)}}
    again = talk()
    again.expect("flowers: ")
    again.answer("What now? [continue]")
    again.expect("[1/4] Your app")
    again.expect("Starts with: app:app")


def test_lost_connection_loses_no_answer(talk, tmp_path, repo):
    dialogue = talk()
    dialogue.answer("Git repository (such as", str(repo))
    dialogue.expect("Change any of these? [no]")
    dialogue.hang_up()
    assert answers(tmp_path) == {"site": {"name": "flowers"}, "app": {"repo": str(repo)}}


@both_terminals
def test_failure_is_explained_and_can_be_repeated(talk, tmp_path, repo):
    (tmp_path / "fail").touch()
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "install")
    dialogue.expect("The installation failed.")
    dialogue.expect("! The disk is full.")
    dialogue.answer("What now?", "retry")
    dialogue.answer("Install now?", "install")
    dialogue.expect("Your app is online")


def test_run_that_cannot_start_is_explained(talk, tmp_path, repo):
    (tmp_path / "no-systemd").touch()
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "install")
    dialogue.expect("! systemd does not run on this machine.")
    dialogue.answer("What now?", "no")
    dialogue.answer("What now? [continue]", "quit")
    assert dialogue.end() == 0


def test_declined_installation_changes_nothing(talk, tmp_path, repo):
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "perhaps")
    dialogue.expect("Type one of: install, details, change, no")
    dialogue.answer("Install now?")
    dialogue.answer("Install now?", "no")
    dialogue.expect("What now? [continue]")
    assert not (tmp_path / "lib" / "state.json").exists()


def test_wrong_repository_is_asked_for_again(talk, tmp_path, repo):
    dialogue = talk()
    dialogue.answer("Git repository (such as", str(tmp_path / "roses"))
    dialogue.expect("! “Git repository”")
    dialogue.answer(f"Git repository [{tmp_path / 'roses'}]:", str(repo))
    dialogue.expect("Starts with: app:app")


def test_menu_runs_the_commands_of_a_site(talk, tmp_path, repo):
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "install")
    for said, given in (("deploy", "flowers"), ("logs", "flowers"), ("check", "flowers"), ("remove", "flowers")):
        dialogue.answer("What now? [quit]", said)
        dialogue.expect("flowers: online")
        assert (tmp_path / "commands").read_text() == f"{said} {given}\n"
    dialogue.answer("What now? [quit]", "undo")
    dialogue.answer("Which step? [none]", "nginx")
    dialogue.expect("flowers: online")
    assert (tmp_path / "commands").read_text() == "undo nginx flowers\n"


def test_menu_runs_the_commands_that_keep_a_site_online(talk, tmp_path, repo):
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "install")
    dialogue.answer("What now? [quit]", "maintain")
    dialogue.answer("Do what? [none]", "close")
    dialogue.expect("flowers: online")
    assert (tmp_path / "commands").read_text() == "run ('maintenance', 'on', 'flowers')\n"
    for typed, words in (("2026-11-30 14:00", ", '--at', '2026-11-30 14:00'"), ("", "")):
        dialogue.answer("What now? [quit]", "maintain")
        dialogue.answer("Do what? [none]", "restore")
        dialogue.answer("Before which time?", typed)
        dialogue.expect("flowers: online")
        assert (tmp_path / "commands").read_text() == f"run ('restore', '--site', 'flowers'{words})\n"
    dialogue.answer("What now? [quit]", "maintain")
    dialogue.answer("Do what? [none]", "")
    dialogue.answer("What now? [quit]", "quit")


def test_single_step_can_be_repeated(talk, tmp_path, repo):
    dialogue = talk()
    to_review(dialogue, repo)
    dialogue.answer("Install now?", "install")
    dialogue.answer("What now? [quit]", "steps")
    dialogue.expect("nginx: done")
    dialogue.answer("Which step? [none]", "nginx")
    dialogue.expect("=== nginx: done")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("== nginx")
    dialogue.expect("ok  all: well")


def test_leaving_does_not_stop_a_run(talk, tmp_path):
    (tmp_path / "wait").touch()
    dialogue = talk()
    dialogue.answer("What now? [watch]", "steps")
    dialogue.answer("Which step? [none]", "system")
    dialogue.answer("Nothing changes. Check the result again?", "yes")
    dialogue.expect("still at it")
    dialogue.type("\x03")
    dialogue.expect("continues without you. `piwizard logs -f` shows it")
    assert dialogue.end() == 130


@both_terminals
def test_input_between_questions_is_not_shown(talk, tmp_path):
    (tmp_path / "wait").touch()
    dialogue = talk()
    dialogue.answer("What now? [watch]", "steps")
    dialogue.answer("Which step? [none]", "system")
    dialogue.answer("Nothing changes. Check the result again?", "yes")
    dialogue.expect("still at it")
    dialogue.type(SECRET)
    time.sleep(0.2)
    dialogue.type("\x03")
    dialogue.expect("Your answers are saved.")
    dialogue.end()
    assert SECRET.encode() not in dialogue.raw


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_ascii_locale_gets_ascii(talk, repo, locale):
    dialogue = talk(env={"LANG": locale})
    to_review(dialogue, repo)
    dialogue.expect("Install now?")
    assert dialogue.raw.isascii()
