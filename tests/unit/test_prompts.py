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


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "flowers"
    (folder / "static").mkdir(parents=True)
    (folder / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (folder / "static" / "style.css").write_text("body { color: red; }\n")
    for argv in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message=A"),
    ):
        subprocess.run(("git", *argv), cwd=folder, check=True)
    return folder


@pytest.fixture(params=["xterm-256color", "dumb"])
def term(request) -> str:
    return request.param


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


def up_to_app(dialogue: Dialogue) -> None:
    dialogue.answer("What now? [go]")
    for step in ("=== System: todo", "=== nginx: todo"):
        dialogue.expect(step)
        dialogue.answer("Apply these changes?", "yes")


def name_the_app(dialogue: Dialogue, repo: Path) -> None:
    dialogue.answer("Site name:", "flowers")
    dialogue.answer("Git repository:", str(repo))


def whole_app(dialogue: Dialogue, repo: Path) -> None:
    name_the_app(dialogue, repo)
    dialogue.fill_in(
        ("Entry point [app:app, ", ""),
        ("Requirements file [none]:", ""),
        ("Python [python3]:", ""),
        ("Persistent paths [none]:", "result.json, instance"),
        ("one more (Enter to finish):", ""),
        ("Static folders (Enter to finish):", ""),
        ("Environment variables (Enter to finish):", "MODE=fast"),
        ("Environment variables (Enter to finish):", "SECRET_KEY={ generate = 32 }"),
        ("Environment variables (Enter to finish):", "API_KEY"),
        ("API_KEY (not shown):", SECRET),
        until="The app may write result.json",
    )
    assert "/static/ = static" in dialogue.text


def test_prompts_complete_a_first_setup(talk, tmp_path, repo):
    dialogue = talk()
    dialogue.expect("Nothing changes until you have seen the plan and confirmed it.")
    up_to_app(dialogue)
    whole_app(dialogue, repo)
    dialogue.expect("The app may write result.json")
    dialogue.answer("Apply these changes?", "details")
    dialogue.expect("$ git ")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("ok  all: well")
    dialogue.answer("Workers [4, for 4 cores, 4096 MB]:", "many")
    dialogue.expect("! gunicorn.workers must be a whole number")
    dialogue.answer("Workers [4,", "3")
    dialogue.answer("Threads [16, in each worker]:")
    dialogue.answer("Apply these changes?", "1")
    dialogue.answer("Domains:")
    dialogue.expect("This answer is required")
    dialogue.answer("Domains:", "flowers.example.org, www.flowers.example.org")
    dialogue.answer("one more")
    dialogue.answer("URL path [none]:")
    dialogue.answer("Upload limit [16]:")
    dialogue.answer("Apply these changes?", "y")
    dialogue.expect("=== Router: todo")
    dialogue.answer("This step is optional. Set it up? [Y/n]", "n")
    dialogue.expect("Router: skipped")
    dialogue.answer("What now? [quit]")
    dialogue.expect("Your answers are saved.")
    assert dialogue.end() == 0
    assert answers(tmp_path) == {
        "site": {"name": "flowers", "domains": ["flowers.example.org", "www.flowers.example.org"]},
        "app": {
            "repo": str(repo),
            "writable": ["result.json", "instance"],
            "env": {"MODE": "fast", "SECRET_KEY": {"generate": 32}, "API_KEY": {"asked": True}},
        },
        "gunicorn": {"workers": 3},
        "skip": {"steps": ["router"]},
    }
    assert SECRET.encode() not in dialogue.raw
    holders = {file for file in tmp_path.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()}
    assert holders == {tmp_path / "lib" / "secrets.json"}


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_prompts_continue_after_leaving(talk, tmp_path, repo, key):
    dialogue = talk()
    up_to_app(dialogue)
    name_the_app(dialogue, repo)
    dialogue.expect("Branch or tag [none]:")
    time.sleep(0.1)
    dialogue.type(key)
    dialogue.expect("Your answers are saved. Run `piwizard --plain` to continue.")
    assert dialogue.end() == 130
    assert "Traceback" not in dialogue.text
    again = talk()
    again.expect("System: done")
    again.answer("What now? [go]")
    again.answer("Site name [flowers]:")
    again.answer(f"Git repository [{repo}]:")
    again.expect("Branch or tag [none]:")
    assert answers(tmp_path) == {"site": {"name": "flowers"}, "app": {"repo": str(repo)}}


def test_lost_connection_loses_no_answer(talk, tmp_path, repo):
    dialogue = talk()
    up_to_app(dialogue)
    name_the_app(dialogue, repo)
    dialogue.expect("Branch or tag [none]:")
    dialogue.hang_up()
    assert answers(tmp_path) == {"site": {"name": "flowers"}, "app": {"repo": str(repo)}}


def test_failure_is_explained_and_can_be_repeated(talk, tmp_path):
    (tmp_path / "fail").touch()
    dialogue = talk()
    dialogue.answer("What now? [go]")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("The run failed.")
    dialogue.expect("! The disk is full.")
    dialogue.expect("Make room.")
    dialogue.answer("What now?", "retry")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("=== nginx: todo")


def test_declined_run_does_not_start(talk, tmp_path):
    dialogue = talk()
    dialogue.answer("What now? [go]")
    dialogue.answer("Apply these changes?", "perhaps")
    dialogue.expect("Type one of: yes, details, no")
    dialogue.answer("Apply these changes?", "")
    dialogue.answer("Apply these changes?", "no")
    dialogue.expect("System: todo")
    assert not (tmp_path / "lib" / "state.json").exists()


def test_run_that_cannot_start_is_explained(talk, tmp_path):
    (tmp_path / "no-systemd").touch()
    dialogue = talk()
    dialogue.answer("What now? [go]")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("! systemd does not run on this machine.")
    dialogue.answer("What now?", "no")
    dialogue.answer("What now? [go]", "quit")
    assert dialogue.end() == 0


def test_single_step_can_be_repeated(talk, tmp_path):
    dialogue = talk()
    up_to_app(dialogue)
    dialogue.expect("Site name:")
    time.sleep(0.1)
    dialogue.type("\x04")
    dialogue.end()
    again = talk()
    again.answer("What now? [go]", "one")
    again.answer("Which step? [none]", "nginx")
    again.expect("=== nginx: done")
    again.answer("Apply these changes?", "yes")
    again.expect("== nginx")
    again.expect("ok  all: well")


def test_missing_repository_is_asked_for_again(talk, tmp_path, repo):
    dialogue = talk()
    up_to_app(dialogue)
    name_the_app(dialogue, tmp_path / "roses")
    dialogue.expect("! app.repo")
    dialogue.answer(f"Git repository [{tmp_path / 'roses'}]:", str(repo))
    dialogue.expect("Branch or tag [none]:")


def test_leaving_does_not_stop_a_run(talk, tmp_path):
    (tmp_path / "wait").touch()
    dialogue = talk()
    dialogue.answer("What now? [watch]", "one")
    dialogue.answer("Which step? [none]", "system")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("still at it")
    dialogue.type("\x03")
    dialogue.expect("continues without you. `piwizard logs -f` shows it")
    assert dialogue.end() == 130


def test_input_between_questions_is_not_shown(talk, tmp_path):
    (tmp_path / "wait").touch()
    dialogue = talk()
    dialogue.answer("What now? [watch]", "one")
    dialogue.answer("Which step? [none]", "system")
    dialogue.answer("Apply these changes?", "yes")
    dialogue.expect("still at it")
    dialogue.type(SECRET)
    time.sleep(0.2)
    dialogue.type("\x03")
    dialogue.expect("Your answers are saved.")
    dialogue.end()
    assert SECRET.encode() not in dialogue.raw


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_ascii_locale_gets_ascii(talk, locale):
    dialogue = talk(env={"LANG": locale})
    dialogue.expect(". System: todo")
    dialogue.answer("What now? [go]")
    dialogue.expect("Apply these changes?")
    assert dialogue.raw.isascii()
