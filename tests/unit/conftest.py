"""Keep piwizard's own files, and a run, in a folder of the test."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

from piwizard.apps import power_access
from piwizard.cli import error_handler
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.backups import Backups
from piwizard.engine.run_log import Recorder, read
from piwizard.engine.undo_journal import Journal
from piwizard.system import paths

settings.register_profile("any computer", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any computer")  # a busy computer may need a second for what takes a millisecond


@pytest.fixture(autouse=True)
def own_locks(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep locks in a folder of the test, so that none is left in /run."""
    folder = tmp_path_factory.getbasetemp() / "run" / "locks"  # the last lock removes both folders
    monkeypatch.setattr(paths, "locks_dir", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run commands as whoever runs the tests: sudo would start them on this machine, outside of the test."""
    monkeypatch.setattr(error_handler, "become_root", lambda: None)


@pytest.fixture
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep piwizard's own files in a folder of the test: etc, lib, log, cache, run."""
    names = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}
    folders = {f"user_{name}_path": tmp_path / folder for name, folder in names.items()}
    monkeypatch.setattr(paths, "_dirs", lambda: SimpleNamespace(**folders))
    monkeypatch.setattr(power_access, "RULES", tmp_path / "rules.d")  # the machine's own are readable for root alone
    return tmp_path


@pytest.fixture
def backups(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def events(tmp_path):
    """Return the events of the run."""
    return lambda: read(tmp_path / "run-1")


@pytest.fixture
def working(tmp_path, backups):
    """Return the work of a step; each call is another run of it."""

    def make(step="nginx", site=None, *, overwrite=False):
        journal = Journal(backups, step, site)
        return RunApplyContext(Recorder(tmp_path / "run-1"), Backups(backups), journal, overwrite=overwrite)

    return make
