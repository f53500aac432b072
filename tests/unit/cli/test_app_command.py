"""Test `piwizard run`: its site, its command and its environment."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from piwizard.cli.main import cli
from piwizard.errors import PiwizardError
from piwizard.setup import app_runs, workspace
from piwizard.setup.app_runs import AppRun
from piwizard.system import commands, transient_unit
from piwizard.system.commands import Result


@pytest.fixture
def run(own_places, monkeypatch):
    """Run the command for the sites "blog" and, if wanted, "other"; return its result and what would have run."""
    seen: list[tuple[str, tuple[str, ...]]] = []

    def prepared(planner, site, argv):
        seen.append((site, argv))
        return AppRun(site, argv, (), {}, own_places)

    def output(argv, properties, *, env, cwd, on_line):
        on_line("stdout", "hello")
        return Result(tuple(argv), 3, "", "", (), 0.1)

    monkeypatch.setattr(app_runs, "prepare_run", prepared)
    monkeypatch.setattr(transient_unit, "attach", lambda *given, **options: -15 if options["terminal"] else 7)
    monkeypatch.setattr(transient_unit, "run", output)

    def made(*argv, sites=("blog",)):
        planner = workspace.planner(None)
        answers = type(planner.answers)({}, {site: {"site.name": site} for site in sites})
        monkeypatch.setattr(workspace, "planner", lambda file: type(planner)(answers, planner.store))
        return CliRunner().invoke(cli, ["run", *argv]), seen

    return made


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--", "flask", "shell"), ("blog", ("flask", "shell"))),
        (("blog", "--", "flask", "--help"), ("blog", ("flask", "--help"))),
        (("--", "blog", "--", "x"), ("blog", ("blog", "--", "x"))),
        (("--", "python", "-c", "print(1)"), ("blog", ("python", "-c", "print(1)"))),
    ],
)
def test_command_follows_the_dashes_and_the_site_precedes_them(run, words, expected):
    result, seen = run(*words)
    assert seen == [expected], result.output
    assert result.exit_code == 7


def test_json_has_the_output_and_the_exit_code(run):
    result, _ = run("--json", "--", "x")
    assert json.loads(result.stdout) == {
        "site": "blog", "argv": ["x"], "exit": 3, "stdout": ["hello"], "stderr": [],
    }  # fmt: skip
    assert result.exit_code == 3


@pytest.mark.parametrize("words", [("flask", "shell"), ("blog", "flask"), (), ("--",), ("blog", "--")])
def test_command_without_dashes_is_a_usage_error(run, words):
    result, seen = run(*words)
    assert result.exit_code == 2
    assert seen == []


def test_several_sites_need_a_name(run):
    result, seen = run("--", "flask", "shell", sites=("blog", "other"))
    assert result.exit_code == 1
    assert "There are several sites: blog, other." in result.output
    assert "piwizard run blog -- flask shell" in result.output
    assert seen == []


def test_site_that_is_not_set_up_is_refused(own_places, monkeypatch):
    monkeypatch.setattr("piwizard.system.paths.sites_dir", lambda: own_places)
    planner = workspace.planner(None)
    answers = type(planner.answers)({}, {"blog": {"site.name": "blog"}})
    monkeypatch.setattr(type(planner), "answers_of", lambda planner, site: planner.answers.of(site))
    with pytest.raises(PiwizardError, match="The app of blog is not set up yet"):
        app_runs.prepare_run(type(planner)(answers, planner.store), "blog", ("x",))


def test_signal_is_an_exit_code_of_a_shell(own_places, monkeypatch):
    monkeypatch.setattr(transient_unit, "attach", lambda *given, **options: -9)
    assert AppRun("blog", ("x",), (), {}, own_places).attach(terminal=False) == 137


@pytest.mark.parametrize(("terminal", "option"), [(True, "--pty"), (False, "--pipe")])
def test_terminal_is_passed_on_only_where_there_is_one(own_places, monkeypatch, terminal, option):
    ran = []
    monkeypatch.setattr(commands, "run_interactive", lambda argv: ran.append(argv) or 4)
    monkeypatch.setattr(transient_unit, "_exit_code", lambda unit: None)
    monkeypatch.setattr(transient_unit, "_require_empty", lambda unit: None)
    code = transient_unit.attach(("a$b",), ("User=blog",), env={}, cwd=own_places, terminal=terminal)
    assert code == 4
    assert option in ran[0]
    assert ran[0][-3:] == ("/usr/bin/env", "--", "a$$b")
