"""Fixtures for what reads and writes piwizard's own files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.machine import places


@pytest.fixture
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """piwizard's own files below a folder of the test's: etc, lib, log, cache, run."""
    names = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}
    folders = {f"user_{name}_path": tmp_path / folder for name, folder in names.items()}
    monkeypatch.setattr(places, "_dirs", lambda: SimpleNamespace(**folders))
    return tmp_path
