"""Commands that are not to be carried out: the words, the exit code, and nothing unforeseen."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from piwizard.cli import error_handler
from piwizard.cli.main import cli
from piwizard.engine import run_launch
from piwizard.system import paths


@pytest.fixture
def command(own_places, monkeypatch):
    """Runs a command as root would on a Pi."""
    monkeypatch.setattr(error_handler, "become_root", lambda: None)
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    return lambda *argv: CliRunner().invoke(cli, argv)


@pytest.mark.parametrize("argv", [("undo",), ("undo", "--json"), ("undo", "system", "--all"), ("undo", "--data")])
def test_undo_of_what(command, argv):
    said = command(*argv)
    assert said.exit_code == 2
    assert "Name one step, or take all back" in said.output
    assert "unforeseen" not in said.output


def test_deploy_of_a_site_that_has_no_app_yet(command):
    file = paths.answers_file()
    file.parent.mkdir(parents=True)
    file.write_text('[site]\nname = "myflask"\n')
    said = command("deploy", "--json")
    assert said.exit_code == 1
    assert json.loads(said.stdout)["error"]["key"] in ("app.repo", "site.domains")
