"""Test the colors and the wrapping of lines at terminals of several kinds."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest

from piwizard.system import caller_env, console, start_line, styled
from piwizard.system.styled import Line

SENTENCE = "Your app opens a file that is not in the repository."


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True

    def say(self, line: Line, **options: Any) -> None:
        """Print a line to this terminal; pytest replaces sys.stdout between fixtures and tests."""
        with contextlib.redirect_stdout(self):
            console.say(line, **options)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "24")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(start_line, "_waiting", False)
    return Terminal()


def test_lines_are_wrapped_between_words_with_a_hanging_indent(terminal: Terminal) -> None:
    terminal.say(f"  {SENTENCE}")
    assert terminal.getvalue().splitlines() == [
        "  Your app opens a file",
        "    that is not in the",
        "    repository.",
    ]


def test_hanging_indent_can_be_given(terminal: Terminal) -> None:
    terminal.say(f"photos    {SENTENCE}", hang=10)
    first, *others = terminal.getvalue().splitlines()
    assert first == "photos    Your app opens"
    assert all(line[:10].isspace() and line[10] != " " and len(line) <= 24 for line in others)


def test_long_word_is_not_broken(terminal: Terminal) -> None:
    terminal.say("At https://photos.example.org/a/long/path now")
    assert terminal.getvalue().splitlines() == ["At", "  https://photos.example.org/a/long/path", "  now"]


def test_line_to_copy_is_not_wrapped(terminal: Terminal) -> None:
    terminal.say(SENTENCE, wrap=False)
    assert terminal.getvalue() == f"{SENTENCE}\n"


def test_styled_parts_keep_their_color_across_lines(terminal: Terminal) -> None:
    terminal.say((("+ ", "ok"), (SENTENCE, "problem")))
    first, second, *_ = terminal.getvalue().splitlines()
    assert first == "\x1b[32m+ \x1b[0m\x1b[1;31mYour app opens a file\x1b[0m"
    assert second == "  \x1b[1;31mthat is not in the\x1b[0m"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")])
def test_color_is_off_where_it_is_not_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    terminal.say((("+ done", "ok"),))
    assert terminal.getvalue() == "+ done\n"


def test_pipe_gets_whole_lines_without_color(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    console.say(((SENTENCE, "problem"),))
    assert capsys.readouterr().out == f"{SENTENCE}\n"


def test_text_from_outside_brings_no_colors_of_its_own(terminal: Terminal) -> None:
    terminal.say((("\x1b[31mred", "ok"),))
    assert terminal.getvalue() == "\x1b[32m\\x1b[31mred\x1b[0m\n"


def test_every_style_is_a_color_of_the_terminal() -> None:
    assert all(code.split(";")[-1] in {"1", "2", *map(str, range(31, 37))} for code in styled.CODES.values())


def test_start_line_is_replaced_by_the_first_output(terminal: Terminal) -> None:
    start_line.announce(["status"], terminal)
    terminal.say("photos")
    terminal.say("hello")
    assert terminal.getvalue() == "\rStarting piwizard...\r\x1b[Kphotos\nhello\n"


def test_start_line_of_a_dumb_terminal_stays(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("SUDO_UID", raising=False)
    start_line.announce([], terminal)
    monkeypatch.setenv("SUDO_UID", "1000")
    start_line.announce([], terminal)
    terminal.say("photos")
    assert terminal.getvalue() == "Starting piwizard...\nphotos\n"


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--json"], ["--version"], ["deploy", "-h"]])
def test_start_line_is_omitted_for_short_output_and_json(terminal: Terminal, arguments: list[str]) -> None:
    start_line.announce(arguments, terminal)
    assert terminal.getvalue() == ""


def test_display_variables_return_through_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"NO_COLOR": "1", "COLORFGBG": "0;15", "LD_PRELOAD": "x", "COLUMNS": "70"}
    monkeypatch.setattr(caller_env, "_of_sudo", lambda process: before)
    monkeypatch.setattr(caller_env.os, "environ", {"SUDO_UID": "1000", "COLUMNS": "90"})
    caller_env.restore_display()
    assert caller_env.os.environ == {"SUDO_UID": "1000", "COLUMNS": "90", "NO_COLOR": "1", "COLORFGBG": "0;15"}
