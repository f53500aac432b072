"""The account is asked for once; a refusal is not asked for again before its time."""

from __future__ import annotations

import json

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.dns import verify_account
from piwizard.dns.verify_account import Prove


class Work:
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def prove(account, provider, tmp_path):
    """Proves the account anew, as a run does; gives whether anything had to be done."""

    def go(**more):
        change = Prove(account(server=provider.name, **more), lambda: None, tmp_path / "lib/ddns.json")
        if change.probe(None, None).in_sync:
            return False
        change.apply(Work())
        return True

    return go


def test_once_is_enough(prove, provider):
    assert prove()
    assert not prove()
    assert prove(password="another")
    assert len(provider.asked) == 2


def test_a_refusal_is_remembered(prove, provider, monkeypatch):
    provider.text = "911"
    with pytest.raises(ChangeFailed, match="failure of its own"):
        prove()
    provider.text = "good"
    with pytest.raises(ChangeFailed) as again:
        prove()
    assert "not asked again for 30 minutes" in again.value.hint
    assert len(provider.asked) == 1
    now = verify_account.time.time()
    monkeypatch.setattr(verify_account.time, "time", lambda: now + 31 * 60)
    assert prove()


def test_other_answers_are_asked_for_at_once(prove, provider):
    provider.text = "badauth"
    with pytest.raises(ChangeFailed) as refused:
        prove()
    assert refused.value.key == "ddns.password"
    provider.text = "good"
    assert prove(password="the-right-one")


def test_a_clock_that_was_set_back_locks_nobody_out(prove, provider, monkeypatch):
    provider.text = "badauth"
    with pytest.raises(ChangeFailed):
        prove()
    provider.text = "good"
    monkeypatch.setattr(verify_account.time, "time", lambda: 0.0)
    assert prove()


def test_a_torn_note_is_no_note(prove, provider, tmp_path):
    assert prove()
    (tmp_path / "lib/ddns.json").write_text('{"proven": "')
    assert prove()


def test_the_note_holds_no_secret(prove, provider, tmp_path):
    for provider.text in ("badauth", "good"):
        try:
            prove(password="the-secret")
        except ChangeFailed:
            (tmp_path / "lib/ddns.json").unlink()
    note = tmp_path / "lib/ddns.json"
    assert json.loads(note.read_text()).keys() == {"proven"}
    assert "the-secret" not in note.read_text()
    assert note.stat().st_mode & 0o777 == 0o600
