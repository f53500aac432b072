"""Test what the page with the log of an app reads."""

from __future__ import annotations

import pytest

from piwizard.screens.home.app_journal import read_journal
from piwizard.system import commands
from piwizard.system.commands import Result

LINE = "2026-11-30T12:00:00+0100 gunicorn[7]: "


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0c"])
def test_app_cannot_hide_what_it_prints_after_another_separator(monkeypatch, separator):
    printed = f"{LINE}one{separator}-- two\n-- cursor: end\n"
    monkeypatch.setattr(commands, "run", lambda argv, **_: Result(tuple(argv), 0, printed, "", (), 0.0))
    (line,), cursor = read_journal("blog.service", "")
    assert "two" in line
    assert cursor == "end"
