"""Test that a site's log is private before nginx writes to it.

A link in its place is not followed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from piwizard.changes import log_file
from piwizard.changes.log_file import LogFile
from piwizard.system.files import Owner
from piwizard.system.system_cache import SystemCache

from .conftest import APP_USER, needs_root

pytestmark = needs_root
OWNER = Owner(APP_USER, "adm")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "blog.access.log", OWNER)


def test_new_log_is_private(log, working):
    assert working().make(log)
    assert (mode(log.path), log.path.stat().st_size) == (0o640, 0)
    assert (log.path.owner(), log.path.group()) == (APP_USER, "adm")
    assert not working().make(log), "the file is created only once"


def test_existing_and_rotated_logs_become_private(log, working):
    named = {"": 0o644, ".1": 0o644, ".2.gz": 0o604, ".3.gz": 0o640}
    for ending, before in named.items():
        path = log.path.with_name(log.path.name + ending)
        path.write_text("a visitor\n")
        path.chmod(before)
    other = log.path.with_name("other.access.log")
    other.write_text("not ours\n")
    other.chmod(0o644)
    assert working().make(log)
    assert {mode(log.path.with_name(log.path.name + ending)) for ending in named} == {0o640}
    assert log.path.read_text() == "a visitor\n"
    assert mode(other) == 0o644
    assert not working().make(log)


@pytest.mark.parametrize("hard", [True, False])
def test_target_of_a_link_stays_unchanged(log, working, hard):
    target = log.path.with_name("passwd")
    target.write_text("root")
    target.chmod(0o644)
    if hard:
        os.link(target, log.path)
    else:
        log.path.symlink_to(target)
    assert log.probe(SystemCache(), working()).in_sync
    log.apply(working())
    assert (mode(target), target.owner(), target.read_text()) == (0o644, "root", "root")
    assert log.path.is_symlink() is not hard


def test_undo_removes_an_empty_log_and_keeps_visits(log, working):
    work = working()
    work.make(log)
    record = {"kind": "log", "target": str(log.path), "before": {"existed": False}}
    log.path.write_text("a visitor\n")
    assert log_file.undo(record, work) is None
    assert (log.path.read_text(), mode(log.path)) == ("a visitor\n", 0o640)
    log.path.write_text("")
    log_file.undo(record, work)
    assert not log.path.exists()
    assert work.make(log), "a site that is set up again has a private log, too"
    assert mode(log.path) == 0o640
