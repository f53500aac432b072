"""Test refused commands: message, exit code, and warnings about an app's code."""

from __future__ import annotations

import json
import subprocess

import pytest
from click.testing import CliRunner

from piwizard.cli import apply
from piwizard.cli.main import cli
from piwizard.deploys import deploy_record
from piwizard.deploys.deploy_record import LastDeploy
from piwizard.engine import run_launch
from piwizard.setup import run_request
from piwizard.system import paths


@pytest.fixture
def command(own_places, monkeypatch):
    """Run a command as root does on a Pi."""
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    return lambda *argv: CliRunner().invoke(cli, argv)


@pytest.mark.parametrize("argv", [("undo",), ("undo", "--json"), ("undo", "system", "--all"), ("undo", "--data")])
def test_undo_without_one_target_is_a_usage_error(command, argv):
    result = command(*argv)
    assert result.exit_code == 2
    assert "Name one step, or undo everything" in result.output
    assert "unforeseen" not in result.output


def test_deploy_without_an_app_names_the_missing_answer(command):
    file = paths.answers_file()
    file.parent.mkdir(parents=True)
    file.write_text('[site]\nname = "myflask"\n')
    result = command("deploy", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["key"] in ("app.repo", "site.domains")


@pytest.fixture
def unsafe_app(own_places):
    """Write an answers file whose app has its secret key in the code, debug mode on, and asks for an old Python."""
    repo = own_places / "code"
    repo.mkdir()
    code = "from flask import Flask\napp = Flask(__name__)\napp.secret_key = 'dev'\napp.debug = True\n"
    (repo / "app.py").write_text(code)
    (repo / "runtime.txt").write_text("python-3.9.18\n")
    git = ("git", "-C", str(repo), "-c", "user.name=x", "-c", "user.email=x@example.org")
    for argv in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run((*git, *argv), check=True)
    file = own_places / "given.toml"
    file.write_text(f'[site]\nname = "blog"\ndomains = ["blog.example.org"]\n[app]\nrepo = "{repo}"\n')
    return file


CODE_WARNINGS = (
    "Your SECRET_KEY is written in the code (app.py:3)",
    "Debug mode is on (app.py:4)",
    "The code asks for Python 3.9 (runtime.txt); this Pi has 3.",
)


def test_code_warnings_are_shown_before_any_change(command, unsafe_app, monkeypatch):
    shown = command("plan", "app", "--answers", str(unsafe_app))
    assert shown.exit_code == 2, shown.output
    assert all(words in shown.output for words in CODE_WARNINGS)
    (step,) = json.loads(command("plan", "app", "--answers", str(unsafe_app), "--json").stdout)["steps"]
    assert [one[:20] for one in step["warnings"]] == [words[:20] for words in CODE_WARNINGS]
    monkeypatch.setattr(run_request, "start", lambda *given, **options: "run-1")
    applied = command("apply", "app", "--answers", str(unsafe_app), "--yes", "--detach")
    assert applied.exit_code == 0, applied.output
    assert all(applied.output.count(words) == 1 for words in CODE_WARNINGS)


def test_code_warnings_are_not_repeated_when_nothing_changes(command, unsafe_app, monkeypatch):
    monkeypatch.setattr(run_request, "needed", lambda *given: [])
    monkeypatch.setattr(apply, "require_healthy", lambda *given: [])
    applied = command("apply", "app", "--answers", str(unsafe_app))
    assert applied.exit_code == 0, applied.output
    assert "Nothing to do" in applied.output
    assert "SECRET_KEY" not in applied.output


def test_status_lists_sites_with_their_deploys(command, monkeypatch):
    file = paths.answers_file()
    file.parent.mkdir(parents=True)
    file.write_text('[site]\nname = "blog"\ndomains = ["blog.example.org"]\n[app]\ndeploy = ["webhook", "poll"]\n')
    monkeypatch.setattr(paths, "sites_dir", lambda: file.parent)
    commit = "2" * 40
    deploy_record.note_deploy(
        "blog", LastDeploy("webhook", "failed", commit, "2026-11-30T12:00:00+00:00", "It failed.")
    )
    (site,) = json.loads(command("status", "--json").stdout)["sites"]
    assert (site["site"], site["maintenance"], site["rolled_back_from"]) == ("blog", False, None)
    deploys = site["deploys"]
    assert (deploys["ways"], deploys["last"]["commit"]) == (["webhook", "poll"], commit)
    assert deploys["refused"][0]["reason"] == "It failed."
    assert deploys["webhook"] == {"url": "https://blog.example.org/.piwizard/deploy/blog"}
