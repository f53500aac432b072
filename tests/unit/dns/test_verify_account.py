"""The account is asked for once; a refusal is not asked for again before its time."""

from __future__ import annotations

import json

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.dns import verify_account
from piwizard.dns.verify_account import VerifyAccount


class Work:
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def prove(account, provider, tmp_path):
    """Verify the account as a run does; return whether anything had to be done."""

    def go(**more):
        change = VerifyAccount(account(server=provider.name, **more), lambda: None, tmp_path / "lib/ddns.json")
        if change.probe(None, None).in_sync:
            return False
        change.apply(Work())
        return True

    return go


def test_account_is_verified_once(prove, provider):
    assert prove()
    assert not prove()
    assert prove(password="another")
    assert len(provider.asked) == 2


def test_refusal_delays_the_next_attempt(prove, provider, monkeypatch):
    provider.text = "911"
    with pytest.raises(ChangeFailed, match="internal error"):
        prove()
    provider.text = "good"
    with pytest.raises(ChangeFailed) as again:
        prove()
    assert "possible in 30 minutes" in again.value.hint
    assert len(provider.asked) == 1
    now = verify_account.time.time()
    monkeypatch.setattr(verify_account.time, "time", lambda: now + 31 * 60)
    assert prove()


def test_changed_answers_are_verified_immediately(prove, provider):
    provider.text = "badauth"
    with pytest.raises(ChangeFailed) as refused:
        prove()
    assert refused.value.key == "ddns.password"
    provider.text = "good"
    assert prove(password="the-right-one")


def test_clock_that_was_set_back_causes_no_delay(prove, provider, monkeypatch):
    provider.text = "badauth"
    with pytest.raises(ChangeFailed):
        prove()
    provider.text = "good"
    monkeypatch.setattr(verify_account.time, "time", lambda: 0.0)
    assert prove()


def test_damaged_note_is_ignored(prove, provider, tmp_path):
    assert prove()
    (tmp_path / "lib/ddns.json").write_text('{"proven": "')
    assert prove()


def test_note_contains_no_secret(prove, provider, tmp_path):
    for provider.text in ("badauth", "good"):
        try:
            prove(password="the-secret")
        except ChangeFailed:
            (tmp_path / "lib/ddns.json").unlink()
    note = tmp_path / "lib/ddns.json"
    assert json.loads(note.read_text()).keys() == {"proven"}
    assert "the-secret" not in note.read_text()
    assert note.stat().st_mode & 0o777 == 0o600
