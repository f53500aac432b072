"""Test the locations of piwizard's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from piwizard.system import paths


@pytest.mark.skipif(os.geteuid() != 0, reason="root's places")
def test_paths_of_root_are_system_wide():
    assert paths.state_dir() == Path("/var/lib/piwizard")
    assert paths.logs_dir() == Path("/var/log/piwizard")
    assert paths.cache_dir() == Path("/var/cache/piwizard")
    assert paths.answers_file() == Path("/etc/xdg/piwizard/answers.toml")
    assert paths.lock_file() == Path("/run/piwizard/run.lock")
    assert paths.sites_dir() == Path("/srv")
