"""Test the front end for real terminals."""

from __future__ import annotations

import subprocess
import sys

import pytest

from piwizard.system import terminal
from tests.lab.dialogue import Dialogue

ASK = """
from piwizard.system import terminal as t
print('<', t.choose_front_end(), '|', t.plain_reason(), '|', t.only_ascii(), '>')
"""


def ask(term: str = "xterm-256color", **options) -> list[str]:
    dialogue = Dialogue((sys.executable, "-c", ASK), term=term, **options)
    dialogue.expect("<")
    said = dialogue.expect(">")
    dialogue.end()
    return [part.strip() for part in said.split("|")]


@pytest.mark.parametrize("term", ["xterm-256color", "linux", "vt100", "screen", "tmux-256color"])
def test_capable_terminal_gets_the_screens(term):
    assert ask(term)[:2] == ["screens", ""]
    assert ask(term, columns=60, lines=20)[:2] == ["screens", ""]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"term": "dumb"}, "This terminal identifies itself as dumb, so the questions appear line by line."),
        ({"term": ""}, "TERM is not set"),
        ({"columns": 59}, "This terminal has 59 columns and 24 lines, but the screens need 60 and 20"),
        ({"lines": 19}, "80 columns and 19 lines"),
        ({"columns": 0, "lines": 0}, "does not report its size"),
    ],
)
def test_limited_terminal_gets_plain_prompts(options, why):
    front_end, said, _ = ask(**options)
    assert front_end == "plain"
    assert why in said


def test_no_terminal_gets_no_front_end():
    result = subprocess.run((sys.executable, "-c", ASK), capture_output=True, text=True, check=True, input="")
    assert result.stdout.startswith("< none")


@pytest.mark.parametrize(
    ("env", "ascii_only"),
    [
        ({"LANG": "C.UTF-8"}, "False"),
        ({"LANG": "de_DE.UTF-8"}, "False"),
        ({"LANG": "en_US.utf8"}, "False"),
        ({"LANG": "C"}, "True"),
        ({"LANG": "en_US.ISO-8859-1"}, "True"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "True"),
        ({"LANG": ""}, "True"),
    ],
)
def test_locale_decides_about_ascii(env, ascii_only):
    assert ask(env={"LC_CTYPE": "", **env})[2] == ascii_only


def test_piwizard_without_a_terminal_points_to_apply():
    result = subprocess.run((sys.executable, "-m", "piwizard"), capture_output=True, text=True, input="", check=False)
    assert result.returncode == 1
    assert "`piwizard apply --answers FILE`" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["apply", "--help"]])
def test_help_needs_no_front_end(argv):
    code = (
        "import sys\nfrom piwizard.cli.main import cli\n"
        f"try:\n    cli({argv!r})\nexcept SystemExit:\n    pass\n"
        "print({'textual', 'questionary', 'prompt_toolkit'} & set(sys.modules))"
    )
    result = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set()"


def test_minimum_size_is_60_by_20():
    assert (terminal.MIN_COLUMNS, terminal.MIN_LINES) == (60, 20)
