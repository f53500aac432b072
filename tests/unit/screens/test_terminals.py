"""Test the screens in real terminals: limited, resized and disconnected ones."""

from __future__ import annotations

import os
import random
import time

import pytest

from piwizard.engine import run_launch
from tests.lab.terminal import Terminal

COMMANDS = "\x10"
"""Ctrl+P."""
LEAVE = "\x11"
"""Ctrl+Q."""


def begin(terminal: Terminal) -> None:
    """Open the page of all steps."""
    terminal.see("+ Add a site")
    open_steps(terminal)
    terminal.see("[ Install ]")
    terminal.rest()


def open_steps(terminal: Terminal) -> None:
    """Choose the page of all steps in the palette."""
    terminal.type(COMMANDS)
    terminal.see("type a part of a command")
    terminal.type("all steps\r")


def start_run(terminal: Terminal) -> None:
    """Install the chosen step by its button."""
    terminal.type("\r")
    terminal.see("Enter install")
    terminal.type("\r")
    terminal.see("Install now?")
    time.sleep(0.5)
    terminal.type("\r")
    terminal.see("Run 2026")


@pytest.mark.parametrize(
    ("term", "env"),
    [
        pytest.param("linux", {"LANG": "C.UTF-8"}, marks=pytest.mark.nightly),
        ("vt100", {"LANG": "C"}),
        pytest.param("xterm-256color", {"LANG": "C"}, marks=pytest.mark.nightly),
        ("screen", {"LANG": "de_DE.ISO-8859-1"}),
    ],
)
def test_limited_terminal_gets_complete_ascii_screen(site, term, env):
    terminal = Terminal(site, term=term, env={"LC_ALL": "", "LC_CTYPE": "", **env})
    begin(terminal)
    assert "|" in terminal.lines[5]
    assert all(char == "-" for char in terminal.lines[1])
    assert terminal.lines[23].strip().endswith("q quit")
    terminal.type(LEAVE)
    terminal.end()
    assert terminal.raw.isascii()


def test_no_color_variable_removes_colors(site):
    terminal = Terminal(site, env={"NO_COLOR": "1"})
    begin(terminal)
    terminal.type(LEAVE)
    terminal.end()
    assert b"\x1b[32m" not in terminal.raw
    assert b";32;" not in terminal.raw
    assert b"38;2;" not in terminal.raw


def test_colors_are_those_of_the_terminal(site):
    terminal = Terminal(site)
    begin(terminal)
    terminal.type(LEAVE)
    terminal.end()
    assert b"38;2;" not in terminal.raw
    assert b"48;2;" not in terminal.raw


def test_terminal_cursor_is_on_active_row(site):
    terminal = Terminal(site)
    begin(terminal)
    for _ in range(3):
        terminal.type("\x1b[B")
        terminal.rest()
        assert "▸" in terminal.lines[terminal.screen.cursor.y]
    assert not terminal.screen.cursor.hidden
    terminal.type(LEAVE)
    terminal.end()


def test_quit_message_says_that_run_continues(site):
    (site / "wait-system").touch()
    terminal = Terminal(site)
    begin(terminal)
    start_run(terminal)
    terminal.see("line 3 of 3")
    terminal.type(LEAVE)
    terminal.expect("The run continues. `piwizard` shows it again")
    assert terminal.end() == 0
    assert run_launch.under_way()


def test_lost_connection_keeps_typed_answer_and_run(site):
    (site / "wait-system").touch()
    terminal = Terminal(site)
    begin(terminal)
    start_run(terminal)
    terminal.see("line 3 of 3")
    terminal.type("1")
    terminal.type("\x1b")
    time.sleep(0.3)
    for _ in range(3):
        terminal.type("\x1b[B")
    terminal.see("Workers")
    terminal.type("\r")
    terminal.see("Enter next")
    terminal.type("7")
    terminal.rest()
    terminal.hang_up()
    assert "workers = 7" in (site / "etc" / "answers.toml").read_text()
    assert run_launch.under_way()
    (site / "wait-system").unlink()
    terminal = Terminal(site)
    terminal.see("+ Add a site")
    terminal.type(LEAVE)
    terminal.end()


def test_two_terminals_follow_one_run(site):
    (site / "wait-system").touch()
    first, second = Terminal(site), Terminal(site)
    begin(first)
    begin(second)
    start_run(first)
    second.see("System: change")
    second.type("3")
    second.see("line 3 of 3")
    (site / "wait-system").unlink()
    first.see("✓ System")
    second.see("✓ System")
    for terminal in (first, second):
        terminal.type(LEAVE)
        terminal.end()


@pytest.mark.nightly
def test_screen_survives_many_resizes_during_a_run(site):
    (site / "chatty-system").write_text("20000")
    terminal = Terminal(site)
    begin(terminal)
    start_run(terminal)
    chosen = random.Random(3)
    for _ in range(100):
        terminal.resize(chosen.randint(40, 200), chosen.randint(12, 60))
        terminal.type(chosen.choice(["\x1b[A", "\x1b[B", "\t", "1", "2", "3", "4"]))
        terminal._read(0.03)
    terminal.resize(80, 24)
    terminal.rest()
    open_steps(terminal)  # the keys may have ended in a field, or on the first page
    terminal.see("✓ System")
    terminal.rest()
    terminal.type("\x1b")
    terminal.see("q quit")
    assert terminal.lines[0].startswith(" piwizard")
    assert terminal.lines[23].endswith("q quit")
    os.kill(terminal.pid, 0)
    terminal.type(LEAVE)
    assert terminal.end() == 0
