"""A run in a folder of the test's: its journal, its record, its work."""

from __future__ import annotations

import pytest

from piwizard.engine.events import Recorder, read
from piwizard.engine.journal import Backups, Journal
from piwizard.engine.work import Working


@pytest.fixture
def backups(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def events(tmp_path):
    """What the run wrote down so far."""
    return lambda: read(tmp_path / "run-1")


@pytest.fixture
def working(tmp_path, backups):
    """The work of one step; each call is another run of it."""

    def make(step="nginx", site=None, *, overwrite=False):
        journal = Journal(backups, step, site)
        return Working(Recorder(tmp_path / "run-1"), Backups(backups), journal, overwrite=overwrite)

    return make
