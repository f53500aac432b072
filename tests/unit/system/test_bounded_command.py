from __future__ import annotations

import os
import sys
import time

import pytest

from piwizard.system import bounded_command

FLOOD = "import time\nwhile True: print('x' * 10_000)"


def test_a_command_within_bounds_gives_its_result(tmp_path):
    result = bounded_command.run([sys.executable, "-c", "print('done')"], tmp_path)
    assert result is not None
    assert result.output == "done\n"


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_FILES"])
def test_a_command_that_fills_the_disk_is_ended(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(bounded_command, limit, -(1 << 60))  # as if so much had been written
    started = time.monotonic()
    assert bounded_command.run([sys.executable, "-c", FLOOD], tmp_path) is None
    assert time.monotonic() - started < 10


def test_a_command_that_leaves_no_room_is_ended(tmp_path, monkeypatch):
    left = os.statvfs(tmp_path)
    monkeypatch.setattr(bounded_command, "MIN_FREE_BYTES", 2 * left.f_blocks * left.f_frsize)
    assert bounded_command.run([sys.executable, "-c", FLOOD], tmp_path) is None


def test_a_command_without_an_end_is_ended_and_what_it_says_is_not_collected(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_command, "MAX_SECONDS", 0.5)
    assert bounded_command.run([sys.executable, "-c", FLOOD], tmp_path) is None
