"""Test what the screens say of a repository: its server chooses the names of the branches."""

from __future__ import annotations

import pytest

from piwizard.screens.widgets import answer_lookup
from piwizard.screens.widgets.answer_lookup import AnswerLookup, look_up_repository

COMMIT = "1" * 40


def test_branches_of_a_server_are_named_and_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["ref: refs/heads/main\tHEAD", f"{COMMIT}\tHEAD", f"{COMMIT}\trefs/heads/main"]
    lines += [f"{COMMIT}\trefs/heads/\x1b]0;x\x07dev"]
    monkeypatch.setattr(answer_lookup, "list_refs", lambda *_, **__: lines)
    found = look_up_repository("https://git.lan/app")
    assert found == AnswerLookup(True, r"Found. Default branch: main. Other branches: \x1b]0;x\x07dev.")
