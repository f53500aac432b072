from __future__ import annotations

import os
import sys
import time

import pytest

from piwizard.system import bounded_command

FLOOD = "import time\nwhile True: print('x' * 10_000)"


def test_bounded_command_returns_its_result(tmp_path):
    result = bounded_command.run([sys.executable, "-c", "print('done')"], tmp_path)
    assert result is not None
    assert result.output == "done\n"


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_FILES"])
def test_bounded_command_stops_at_size_and_file_limits(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(bounded_command, limit, -(1 << 60))  # as if so much had been written
    started = time.monotonic()
    assert bounded_command.run([sys.executable, "-c", FLOOD], tmp_path) is None
    assert time.monotonic() - started < 10


def test_bounded_command_stops_on_a_full_disk(tmp_path, monkeypatch):
    left = os.statvfs(tmp_path)
    monkeypatch.setattr(bounded_command, "MIN_FREE_BYTES", 2 * left.f_blocks * left.f_frsize)
    assert bounded_command.run([sys.executable, "-c", FLOOD], tmp_path) is None


def test_bounded_command_stops_endless_output(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_command, "MAX_SECONDS", 0.5)
    assert bounded_command.run([sys.executable, "-c", FLOOD], tmp_path) is None
