"""Test which locks of a repository are taken for abandoned."""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.backups.repository_locks import RepositoryLock, unlock_words
from piwizard.system import process_times

HERE = socket.gethostname()


Lock = tuple[str, float]
"""The host of a lock, and its age in minutes."""


@pytest.mark.parametrize(
    ("locks", "server", "words"),
    [
        ([], False, ("unlock",)),
        ([(HERE, 20)], False, ("unlock", "--remove-all")),
        ([(HERE, 20), (HERE, 5)], False, ("unlock",)),
        ([(HERE, 20), ("other-pi", 20)], False, ("unlock",)),
        ([("", 20)], False, ("unlock",)),
        ([(HERE, 20)], True, ()),
        ([(HERE, 40)], True, ("unlock",)),
        ([(HERE, -60 * 24 * 365)], True, ("unlock",)),
        ([("other-pi", 1)], True, ("unlock",)),
    ],
)
def test_only_own_locks_from_before_the_start_are_removed(
    monkeypatch: pytest.MonkeyPatch, locks: list[Lock], server: bool, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(process_times, "started_at", lambda process: time.time() - 600)
    now = datetime.now(UTC)
    made = [RepositoryLock(host, now - timedelta(minutes=age)) for host, age in locks]
    assert unlock_words(made, server=server) == words


def test_start_of_a_process_is_read_by_its_number() -> None:
    found = process_times.started_at(os.getpid())
    assert found is not None
    assert time.time() - 24 * 3600 < found < time.time() + 1
    assert process_times.started_at(1 << 30) is None
