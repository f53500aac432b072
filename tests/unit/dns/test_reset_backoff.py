"""Which failures of ddclient are over. That it then asks again is shown in the lab."""

from __future__ import annotations

import os

import pytest

from piwizard.dns import ddclient
from piwizard.dns.reset_backoff import Retry
from piwizard.system.system_cache import SystemCache

ALTERED = 1_790_000_000


@pytest.fixture
def probed(account, tmp_path, monkeypatch):
    """A probe, after ddclient has noted `status` so many seconds after its settings were altered."""

    def probe(status, after, name="songuuli"):
        monkeypatch.setattr(ddclient, "CACHE", tmp_path / "cache")
        settings = tmp_path / "settings"
        settings.touch()
        os.utime(settings, (ALTERED, ALTERED))
        (tmp_path / "cache").write_text(f"atime={ALTERED + after},status={status} {name}\n")
        return Retry(account("duckdns"), settings).probe(SystemCache(), None)

    return probe


@pytest.mark.parametrize("after", [-60, 60])
def test_nobody_was_reached(probed, after):
    preview = probed("noconnect", after)
    assert not preview.in_sync
    assert [argv[1] for argv in preview.argv] == ["stop", "start"]


def test_a_refusal_of_what_has_been_altered_since(probed):
    assert not probed("badauth", -60).in_sync


def test_a_refusal_of_what_stands_there_is_left_alone(probed):
    assert probed("badauth", 60).in_sync


@pytest.mark.parametrize("after", [-60, 60])
def test_what_was_accepted_or_never_tried(probed, after):
    assert probed("good", after).in_sync
    assert probed("", after).in_sync
    assert probed("noconnect", after, name="another").in_sync


def test_without_a_note(probed, account, tmp_path):
    probed("good", 0)
    (tmp_path / "cache").unlink()
    assert Retry(account("duckdns"), tmp_path / "gone").probe(SystemCache(), None).in_sync
