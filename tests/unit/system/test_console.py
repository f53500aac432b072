"""Test that all output goes through the console module, and that it is harmless in every command."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from piwizard.cli import logs, output
from piwizard.cli.main import cli
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.rehearsal import rehearse
from piwizard.setup import health_timer, workspace
from piwizard.system import console, error_report, paths

from .test_printable import HARMFUL, harmless

ROOT = Path(__file__).parents[3]
WAYS = {
    *("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "click.echo", "click.secho", "click.prompt"),
    *("click.confirm", "click.echo_via_pager", "click.edit", "click.get_text_stream", "getpass", "questionary", "rich"),
    *("warnings.warn", "logging", "traceback.print_exc", "traceback.print_exception", "pprint", "readline"),
}
"""Modules, and members of modules, that write to a terminal by themselves."""
ALLOWED = {
    "piwizard/system/console.py": {"print", "input", "sys.stdout", "sys.stderr", "getpass", "click.echo_via_pager"},
    "piwizard/prompts/prompt_console.py": {
        "questionary",
        "sys.stdout",
        "sys.stderr",
    },  # asks a visible_question
    "piwizard/system/start_line.py": {"sys.stdout"},  # a fixed text, before console.py is imported
    "piwizard/system/terminal.py": {"sys.stdout", "sys.stderr"},  # only reads their properties
    "piwizard/diagnosis/report.py": {"sys.stdout"},  # the same
    "piwizard/cli/app_command.py": {"sys.stdout", "sys.stderr"},  # the same
    "piwizard/cli/error_handler.py": {"sys.stderr"},  # closes it
    "piwizard/cli/automatic_deploys.py": {"sys.stdout"},  # limits the time that a reader may take
    "piwizard/__main__.py": {"sys.stdout", "sys.stderr"},  # opens closed ones
    "piwizard/apps/smoke_test.py": {"print"},  # programs of their own: piwizard reads what they print, through a pipe
    "piwizard/apps/data_mirror.py": {"print"},
    "piwizard/backups/data_archive.py": {"print", "sys.stderr", "sys.stdout"},
    "piwizard/alerts/send_program.py": {"print", "logging"},
    "piwizard/apps/advisory_program.py": {"print"},
    "piwizard/apps/script_runner.py": {"sys.stderr"},  # runs inside the app, whose output goes to the journal
    "piwizard/apps/analysis_worker.py": {"sys.stdout"},
    "piwizard/deploys/push_receive.py": {"sys.stderr", "sys.stdout"},  # to git, which passes it on to whoever pushes
    "piwizard/deploys/webhook_receiver.py": {"sys.stderr"},  # to the journal
    "piwizard/network/port_forwarding.py": {"print"},
    # The screens draw through Textual, where every line passes VisibleFilter.
    "screens": {"rich"},
}
HOSTILE = f"x{''.join(HARMFUL)}\nAll is well. Trust it? [y/N] {'y' * 3000}"


def ways(tree: ast.AST) -> Iterator[str]:
    """Return which of `print`, `input` and WAYS a module uses, however it is imported."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="print"):
                yield "print"
            case ast.Call(func=ast.Name(id="input")):
                yield "input"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if f"{module}.{name}" in WAYS:
                yield f"{module}.{name}"
            case ast.Import(names=names):
                yield from (one.name.partition(".")[0] for one in names if one.name.partition(".")[0] in WAYS)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (module.partition(".")[0] for _ in names[:1] if module.partition(".")[0] in WAYS)
                yield from (f"{module}.{one.name}" for one in names if f"{module}.{one.name}" in WAYS)


def test_output_goes_through_the_console_module() -> None:
    files = [*ROOT.glob("piwizard/**/*.py"), *ROOT.glob("screens/**/*.py")]
    files = [path for path in files if not path.is_relative_to(ROOT / "piwizard" / "templates")]
    assert len(files) > 200
    around = {}
    for path in files:
        name = str(path.relative_to(ROOT))
        if name.startswith("piwizard/screens/"):
            continue  # a link to the other
        allowed = ALLOWED.get(name, ALLOWED["screens"] if name.startswith("screens/") else set())
        found = set(ways(ast.parse(path.read_text()))) - allowed
        around |= {name: found} if found else {}
    assert not around, "only console.py may print"


@pytest.mark.parametrize(
    "code",
    ["print('x')", "import sys\nsys.stdout.write('x')", "from sys import stderr", "import click\nclick.echo('x')",
     "from click import echo_via_pager", "import getpass", "from rich.console import Console", "input()",
     "say = print", "import logging.handlers"],
)  # fmt: skip
def test_output_search_finds_every_way_to_print(code: str) -> None:
    assert set(ways(ast.parse(code)))


@pytest.fixture
def root(own_places, monkeypatch):
    """Pretend to be root on a machine with systemd."""
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(health_timer, "MOTD", own_places / "motd")
    monkeypatch.setattr(rehearse, "require_programs", lambda *_: fails(PiwizardError(HOSTILE)))
    return own_places


def fails(error: Exception) -> NoReturn:
    raise error


def calls() -> list[tuple[str, ...]]:
    """Return every command with untrusted text in each argument."""
    made = []
    for name, command in cli.commands.items():
        argv = [name]
        for parameter in command.params:
            if parameter.param_type_name == "argument" and name != "work":
                argv.append(HOSTILE)
            elif "--site" in parameter.opts:
                argv += ["--site", HOSTILE]
        made.append(tuple(argv))
    return made


def only_harmless(said: str) -> None:
    for line in said.split("\n"):
        assert harmless(line), ascii(line)
        assert not line.startswith("All is well. Trust it?"), "a line feed in a value starts a new line"
        assert len(line) < 10_000


@pytest.mark.parametrize("argv", calls(), ids=lambda argv: argv[0])
@pytest.mark.parametrize("as_json", [False, True])
def test_untrusted_names_are_harmless_in_every_command(root, argv, as_json) -> None:
    result = CliRunner().invoke(cli, [*argv, *(["--json"] if as_json else [])])
    only_harmless(result.stdout + result.stderr)


@pytest.mark.parametrize("argv", calls(), ids=lambda argv: argv[0])
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("error", [PiwizardError(HOSTILE, hint=HOSTILE), ValueError(HOSTILE), OSError(5, HOSTILE)])
def test_untrusted_errors_are_harmless_in_every_command(root, monkeypatch, argv, as_json, error) -> None:
    for module, name in ((workspace, "planner"), (workspace, "state"), (logs, "read_log"), (logs, "find_run")):
        monkeypatch.setattr(module, name, lambda *_, **__: fails(error))
    argv = [word for word in argv if word != HOSTILE or argv[0] in ("remove", "work")]
    argv = [word for word in argv if word != "--site"]
    result = CliRunner().invoke(cli, [*argv, *(["--json"] if as_json else [])])
    only_harmless(result.stdout + result.stderr)
    if as_json and result.stdout:
        assert all(json.loads(line) for line in result.stdout.splitlines())


def test_wrong_arguments_are_shown_visibly(capfd, monkeypatch) -> None:
    from piwizard import __main__

    monkeypatch.setattr(sys, "argv", ["piwizard", HOSTILE])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    said = capfd.readouterr()
    assert ended.value.code == 2
    only_harmless(said.out + said.err)


@pytest.mark.parametrize("typed", ["y", "n", None])
def test_question_is_one_line_that_ends_with_the_choices(monkeypatch, capsys, typed) -> None:
    asked = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or typed or _closed())
    assert console.agreed(f"Run `flask {HOSTILE}`?") is (typed == "y")
    (prompt,) = asked
    only_harmless(prompt)
    assert prompt.endswith(" [y/N] ")
    assert "\n" not in prompt
    assert len(prompt) < 700


def _closed() -> str:
    raise EOFError


def test_events_of_every_kind_are_harmless(capsys) -> None:
    kinds = ("run-started", "background-started", "change-started", "change-skipped", "command-started", "output",
             "command-finished", "file-written", "path-altered", "note", "progress", "check", "error",
             "run-finished")  # fmt: skip
    names = "step site change text path backup did started name detail message hint result summary"
    texts = dict.fromkeys(names.split(), HOSTILE)
    for kind in kinds:
        event = {"event": kind, "argv": ["x", HOSTILE], "exit": 1, "seconds": 1.0, "ok": False}
        output.show_event(event | texts | {"steps": [[HOSTILE, ""]]}, as_json=False)
    said = capsys.readouterr().out
    only_harmless(said)
    assert len(said.splitlines()) < 60


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setattr(console, "_secret_filter", None)
    console.hide_secrets(["tulip-red-4711"])
    return "tulip-red-4711"


def test_secrets_are_not_printed(secret, capsys, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "")
    console.say(secret)
    console.warn(f"x{secret}")
    console.show(f"a\n{secret}")
    console.say_json({"a": [secret]})
    console.ask(secret)
    output.error(PiwizardError(secret, hint=secret), as_json=False)
    output.error(PiwizardError(secret, hint=secret), as_json=True)
    said = capsys.readouterr()
    assert secret not in said.out + said.err + "".join(asked)


def test_json_keywords_stay_if_a_secret_is_the_same_word(secret, capsys) -> None:
    console.hide_secrets(["done!"])
    output.dump({"result": "done!", "detail": "done!"})
    assert json.loads(capsys.readouterr().out) == {"result": "done!", "detail": "•••"}


def test_unexpected_error_is_logged_without_secrets(own_places, secret) -> None:
    error_report.explain_unforeseen(ValueError(f"{secret} \x1b[2J"))
    kept = (own_places / "log" / "unforeseen.txt").read_text()
    assert "\\x1b[2J" in kept
    assert secret not in kept
    only_harmless(kept)


def test_private_paths_of_earlier_versions_are_restricted(own_places) -> None:
    for folder in ("etc", "lib", "log"):
        (own_places / folder).mkdir(mode=0o755)
    elsewhere = own_places / "elsewhere.toml"
    elsewhere.write_text("")
    elsewhere.chmod(0o644)
    (own_places / "etc" / "answers.toml").write_text("[app.env]\nTHING = 'secret'\n")
    (own_places / "etc" / "answers.toml").chmod(0o644)
    (own_places / "etc" / "answers.toml.previous").symlink_to(elsewhere)
    paths.restrict_private_paths()
    modes = {name: (own_places / name).stat().st_mode & 0o777 for name in ("etc", "lib", "log", "etc/answers.toml")}
    assert modes == {"etc": 0o700, "lib": 0o700, "log": 0o700, "etc/answers.toml": 0o600}
    assert elsewhere.stat().st_mode & 0o777 == 0o644, "the user made the link on purpose"


def test_ascii_terminal_gets_replacements(monkeypatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    console.say("Grüße \x1b", "✓")
    stream.flush()
    assert stream.buffer.getvalue() == b"Gr??e \\x1b\n+\n"
