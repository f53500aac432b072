"""Test that secrets are generated when a run starts, never by a plan or a status."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from piwizard.answers import file_reader
from piwizard.answers.secret_store import NOT_GENERATED
from piwizard.apps import app_source
from piwizard.apps.app_source import AppSource
from piwizard.engine import run_launch
from piwizard.setup import run_request, workspace
from piwizard.setup.planner import Planner
from piwizard.setup.preview import preview_all
from piwizard.setup.status import status
from piwizard.steps.registry import all_questions
from piwizard.system import facts, paths
from piwizard.system.facts import gather
from tests.recorded_machine import RecordedSource

SAMPLE = Path(__file__).parents[1] / "system" / "samples" / "pi4-trixie"
ANSWERS = """
[site]
name = "blog"
domains = ["blog.example"]
[app]
repo = "/srv/git/blog.git"
env = { API_SALT = { generate = 20 } }
"""
CODE = "import os\nfrom flask import Flask\napp = Flask(__name__)\napp.secret_key = os.environ['SECRET_KEY']\n"
KEYS = {"app.env.API_SALT", "app.env.SECRET_KEY"}


@pytest.fixture
def planner(own_places, tmp_path, monkeypatch):
    """Make another planner for the same answers, as another command does."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(CODE)
    monkeypatch.setattr(
        app_source, "find_source", lambda *_, **__: AppSource("/srv/git/blog.git", None, "c0ffee", tree, None)
    )
    recorded = gather(RecordedSource(SAMPLE))
    monkeypatch.setattr(facts, "gather", lambda: recorded)
    monkeypatch.setattr(run_launch, "start", lambda wanted, validate: "run-1")
    return lambda: Planner(file_reader.parse(ANSWERS, all_questions()), workspace.secret_store())


def environment_file(planner):
    """Return the lines of app.env as the gunicorn step would write it."""
    (gunicorn,) = planner.select(["gunicorn"])
    changes = [inner for change in planner.plan(gunicorn) for inner in getattr(change, "changes", ())]
    (content,) = [change.content for change in changes if getattr(change, "path", Path()).name == "app.env"]
    return (content if isinstance(content, str) else content.decode()).splitlines()


def test_plan_preview_and_status_generate_no_secret(planner, monkeypatch):
    monkeypatch.setattr(secrets, "token_urlsafe", None)  # any call of it is a failure
    for step in ("app", "gunicorn"):
        workspace.state().mark(step, "blog", "done", "run-1")
    one = planner()
    preview_all(one, one.select(), workspace.backups())
    status(one, workspace.state(), workspace.backups())
    run_request.needed(one, one.select(), [])
    assert environment_file(one) == [f'{name}="{NOT_GENERATED}"' for name in ("API_SALT", "SECRET_KEY")]
    assert not (paths.state_dir() / "secrets.json").exists()


def test_run_request_generates_what_every_later_plan_has(planner):
    first = planner()
    plans = run_request.needed(first, first.select(["gunicorn"]), [])
    run_request.start(first, plans, overwrite=False)
    kept = json.loads((paths.state_dir() / "secrets.json").read_text())["blog"]
    assert set(kept) == KEYS
    assert (
        environment_file(first)
        == environment_file(planner())
        == [f'{key.removeprefix("app.env.")}="{kept[key]}"' for key in sorted(kept)]
    )


def test_plan_leaves_the_secrets_file_untouched(planner):
    store = workspace.secret_store()
    store.keep("shop", "app.env.API_KEY", "red ones")
    store.save()
    before = (paths.state_dir() / "secrets.json").stat()
    environment_file(planner())
    after = (paths.state_dir() / "secrets.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
