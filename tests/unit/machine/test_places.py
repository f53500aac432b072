"""Where piwizard keeps what it knows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from piwizard.machine import places


@pytest.mark.skipif(os.geteuid() != 0, reason="root's places")
def test_roots_places():
    assert places.state_dir() == Path("/var/lib/piwizard")
    assert places.logs_dir() == Path("/var/log/piwizard")
    assert places.cache_dir() == Path("/var/cache/piwizard")
    assert places.answers_file() == Path("/etc/xdg/piwizard/answers.toml")
    assert places.lock_file() == Path("/run/piwizard/run.lock")
    assert places.sites_dir() == Path("/srv")
