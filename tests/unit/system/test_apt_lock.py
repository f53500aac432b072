"""Test that the process with one of apt's locks is named; a real process locks them as apt does."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.system import apt_state
from tests.unit.child import child, hears

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


@pytest.fixture
def locks(tmp_path, monkeypatch):
    found = [tmp_path / "frontend", tmp_path / "archives"]
    monkeypatch.setattr(apt_state, "LOCK_FILES", tuple(map(str, found)))
    return found


def test_lock_holder_is_none_for_free_locks(locks):
    assert apt_state.lock_holder() is None
    for lock in locks:
        lock.touch()
    assert apt_state.lock_holder() is None


@pytest.mark.parametrize("number", [0, 1])
def test_lock_holder_names_the_process(locks, number):
    for lock in locks:
        lock.touch()
    with child(HOLD, locks[number]) as process:
        assert hears(process) == "held"
        name = Path(f"/proc/{process.pid}/comm").read_text().strip()
        assert apt_state.lock_holder() == f"{name} (process {process.pid})"
        assert apt_state.lock_holder(), "the query does not take the lock"
    assert apt_state.lock_holder() is None
