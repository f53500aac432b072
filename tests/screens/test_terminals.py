"""The screens in real terminals: poor ones, ones that change their size, and ones that go away."""

from __future__ import annotations

import os
import random
import time

import pytest

from piwizard.engine import run_launch
from tests.screens.glass import Glass


def begin(glass: Glass) -> None:
    glass.see("Enter go on")
    glass.see("Still to do")
    glass.type("\r")
    glass.see("Set this up")
    glass.rest()


def start_run(glass: Glass) -> None:
    glass.type("r")
    glass.see("Shall this be done?")
    glass.type("y")
    glass.see("Run 2026")


@pytest.mark.parametrize(
    ("term", "env"),
    [
        ("linux", {"LANG": "C.UTF-8"}),
        ("vt100", {"LANG": "C"}),
        ("xterm-256color", {"LANG": "C"}),
        ("screen", {"LANG": "de_DE.ISO-8859-1"}),
    ],
)
def test_poor_terminals_get_ascii_and_nothing_is_cut_off(site, term, env):
    glass = Glass(site, term=term, env={"LC_ALL": "", "LC_CTYPE": "", **env})
    begin(glass)
    assert "|" in glass.lines[5]
    assert all(char == "-" for char in glass.lines[1])
    assert glass.lines[23].strip().endswith("q leave (runs go on)")
    glass.type("q")
    glass.end()
    assert glass.raw.isascii()


def test_no_color(site):
    glass = Glass(site, env={"NO_COLOR": "1"})
    begin(glass)
    glass.type("q")
    glass.end()
    assert b"\x1b[32m" not in glass.raw
    assert b";32;" not in glass.raw
    assert b"38;2;" not in glass.raw


def test_colours_are_the_terminals_own(site):
    glass = Glass(site)
    begin(glass)
    glass.type("q")
    glass.end()
    assert b"38;2;" not in glass.raw
    assert b"48;2;" not in glass.raw


def test_the_cursor_is_on_the_active_row(site):
    glass = Glass(site)
    begin(glass)
    for _ in range(3):
        glass.type("\x1b[B")
        glass.rest()
        assert "▸" in glass.lines[glass.screen.cursor.y]
    assert not glass.screen.cursor.hidden
    glass.type("q")
    glass.end()


def test_leaving_says_that_the_run_goes_on(site):
    (site / "wait-system").touch()
    glass = Glass(site)
    begin(glass)
    start_run(glass)
    glass.see("line 3 of 3")
    glass.type("q")
    glass.expect("The run goes on. `piwizard` shows it again")
    assert glass.end() == 0
    assert run_launch.under_way()


def test_a_lost_connection_keeps_what_was_typed_and_the_run(site):
    (site / "wait-system").touch()
    glass = Glass(site)
    begin(glass)
    start_run(glass)
    glass.see("line 3 of 3")
    glass.type("\x1b")
    time.sleep(0.3)
    glass.type("1")
    for _ in range(3):
        glass.type("\x1b[B")
    glass.see("Workers")
    glass.type("\r")
    glass.see("Enter next")
    glass.type("7")
    glass.rest()
    glass.hang_up()
    assert "workers = 7" in (site / "etc" / "answers.toml").read_text()
    assert run_launch.under_way()
    (site / "wait-system").unlink()
    glass = Glass(site)
    glass.see("Welcome back")
    glass.type("q")
    glass.end()


def test_two_terminals_watch_one_run(site):
    (site / "wait-system").touch()
    first, second = Glass(site), Glass(site)
    begin(first)
    begin(second)
    start_run(first)
    second.see("System: change")
    second.type("3")
    second.see("line 3 of 3")
    second.type("r")
    second.see("Something runs already")
    (site / "wait-system").unlink()
    first.see("✓ System")
    second.see("✓ System")
    for glass in (first, second):
        glass.type("q")
        glass.end()


def test_a_hundred_sizes_during_a_chatty_run(site):
    (site / "chatty-system").write_text("20000")
    glass = Glass(site)
    begin(glass)
    start_run(glass)
    chosen = random.Random(3)
    for _ in range(100):
        glass.resize(chosen.randint(40, 200), chosen.randint(12, 60))
        glass.type(chosen.choice(["\x1b[A", "\x1b[B", "\t", "1", "2", "3", "4"]))
        glass._read(0.03)
    glass.resize(80, 24)
    glass.rest()
    glass.type("\x1b")
    glass.rest()
    glass.see("✓ System")
    glass.see("q leave (runs go on)")
    assert glass.lines[0].startswith(" piwizard")
    assert glass.lines[23].startswith(" Enter open")
    os.kill(glass.pid, 0)
    glass.type("q")
    assert glass.end() == 0
