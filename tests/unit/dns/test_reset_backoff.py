"""Test which failures of ddclient are over.

The lab tests that it then retries.
"""

from __future__ import annotations

import os

import pytest

from piwizard.dns import ddclient
from piwizard.dns.reset_backoff import ResetBackoff
from piwizard.system.system_cache import SystemCache

ALTERED = 1_790_000_000


@pytest.fixture
def probed(account, tmp_path, monkeypatch):
    """Return a probe after ddclient's `status`, this many seconds after a change."""

    def probe(status, after, name="songuuli"):
        monkeypatch.setattr(ddclient, "CACHE", tmp_path / "cache")
        settings = tmp_path / "settings"
        settings.touch()
        os.utime(settings, (ALTERED, ALTERED))
        (tmp_path / "cache").write_text(f"atime={ALTERED + after},status={status} {name}\n")
        return ResetBackoff(account("duckdns"), settings).probe(SystemCache(), None)

    return probe


@pytest.mark.parametrize("after", [-60, 60])
def test_failure_without_connection_is_retried(probed, after):
    preview = probed("noconnect", after)
    assert not preview.in_sync
    assert [argv[1] for argv in preview.argv] == ["stop", "start"]


def test_refusal_of_older_settings_is_retried(probed):
    assert not probed("badauth", -60).in_sync


def test_refusal_of_current_settings_is_not_retried(probed):
    assert probed("badauth", 60).in_sync


@pytest.mark.parametrize("after", [-60, 60])
def test_accepted_or_missing_update_is_in_sync(probed, after):
    assert probed("good", after).in_sync
    assert probed("", after).in_sync
    assert probed("noconnect", after, name="another").in_sync


def test_missing_cache_is_in_sync(probed, account, tmp_path):
    probed("good", 0)
    (tmp_path / "cache").unlink()
    assert ResetBackoff(account("duckdns"), tmp_path / "gone").probe(SystemCache(), None).in_sync
