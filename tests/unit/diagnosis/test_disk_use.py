"""Test the sizes of folders that grow."""

from __future__ import annotations

import os
import time
from pathlib import Path

from piwizard.diagnosis import disk_use
from piwizard.diagnosis.disk_use import MIB, GrowingFolder, judge_disk_use, measure
from piwizard.system.remedies import RunCommand
from tests.lab.product import CHECKOUT

LOGS = GrowingFolder("Logs", Path("/var/log/x"), 100, (RunCommand("shorten"),))
CODE = GrowingFolder("Code", Path("/srv/x"), 100, (RunCommand("remove"),))


def test_usual_sizes_are_no_problem():
    found = judge_disk_use([(LOGS, 5 * MIB), (CODE, 90 * MIB)])
    assert found.ok
    assert found.detail == "Code: 90 MiB, Logs: 5 MiB"


def test_large_folders_are_named_with_what_to_do():
    found = judge_disk_use([(LOGS, 101 * MIB), (CODE, 90 * MIB)])
    assert not found.ok
    assert found.detail == "Logs: 101 MiB in /var/log/x, usually below 100 MiB"
    assert found.fix == LOGS.fix


def test_size_counts_files_but_follows_no_link(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_bytes(os.urandom(1 << 16))
    (inside / "link").symlink_to(outside)
    assert measure(inside, time.monotonic() + 60) == 0
    (inside / "file").write_bytes(os.urandom(1 << 16))
    assert measure(inside, time.monotonic() + 60) >= 1 << 16


def test_size_is_unknown_if_there_are_too_many_files_or_it_takes_too_long(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / name).touch()
    assert measure(tmp_path, time.monotonic() - 1) is None
    monkeypatch.setattr(disk_use, "MAX_ENTRIES", 2)
    assert measure(tmp_path, time.monotonic() + 60) is None


def test_each_growing_folder_is_in_the_documents(monkeypatch):
    for name in ("state", "logs", "cache"):
        place = {"state": "/var/lib", "logs": "/var/log", "cache": "/var/cache"}[name]
        monkeypatch.setattr(disk_use.paths, f"{name}_dir", lambda place=place: Path(place) / "piwizard")
    text = (CHECKOUT / "docs/housekeeping.md").read_text()
    for one in disk_use.growing_folders(["SITE"]):
        assert str(one.path) in text, one.name
