"""Test the lock of a run, with real processes."""

from __future__ import annotations

import threading

import pytest

from piwizard.engine.run_lock import Lock, holder
from piwizard.errors import PiwizardError
from tests.unit.child import child, hears, tell

HOLD = """
import sys
from pathlib import Path
from piwizard.engine.run_lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.take(sys.argv[2])
print("held", flush=True)
input()
lock.release()
print("released", flush=True)
input()
"""


def test_run_lock_has_one_named_holder(tmp_path):
    path = tmp_path / "run" / "lock"
    assert holder(path) is None
    with child(HOLD, path, "run-1") as process:
        assert hears(process) == "held"
        assert holder(path) == "run-1"
        with pytest.raises(PiwizardError, match="run-1"):
            Lock(path).take("run-2")
        assert holder(path) == "run-1"
        tell(process)
        assert hears(process) == "released"
        assert holder(path) is None
        Lock(path).take("run-2")


def test_run_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    with child(HOLD, path, "a-run-with-a-long-name") as process:
        assert hears(process) == "held"
    assert holder(path) is None
    lock = Lock(path)
    lock.take("short")
    assert holder(path) == "short"
    lock.release()


def test_query_does_not_take_the_run_lock(tmp_path):
    """Query the lock without taking it: a run that begins meanwhile gets it."""
    path = tmp_path / "lock"
    ended = threading.Event()
    seen = set()

    def watch():
        while not ended.is_set():
            seen.add(holder(path))

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    try:
        for number in range(300):
            lock = Lock(path)
            lock.take(f"run-{number}")
            assert holder(path) == f"run-{number}"
            lock.release()
    finally:
        ended.set()
        for watcher in watchers:
            watcher.join()
    assert "" not in seen


def test_run_lock_is_private(tmp_path):
    """Refuse to open it even for reading, which would be enough to block every run."""
    path = tmp_path / "run.lock"
    path.touch(0o644)
    lock = Lock(path)
    lock.take("run-1")
    assert path.stat().st_mode & 0o777 == 0o600
    lock.release()
