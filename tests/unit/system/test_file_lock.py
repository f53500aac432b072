"""Test locks that only their owner can open, against real processes."""

from __future__ import annotations

import fcntl
import os
import threading

import pytest

from piwizard.errors import PiwizardError
from piwizard.system import file_lock, paths
from tests.unit.child import child, hears, tell

HOLD = """
import sys
from pathlib import Path
from piwizard.system import file_lock, paths as places
places.locks_dir = lambda: Path(sys.argv[2])
with file_lock.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    input()
print("released", flush=True)
input()
"""
IN_THE_WAY = """
import fcntl, os, sys
for path in sys.argv[1:]:
    fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX)
print("locked", flush=True)
input()
"""
AS_A_STRANGER = """
import os, sys
os.setgid(65534)
os.setuid(65534)
for path in sys.argv[1:]:
    try:
        os.open(path, os.O_RDONLY)
        print("opened", path, flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    """Make a folder of piwizard that everybody can read."""
    made = tmp_path / "lib"
    made.mkdir(mode=0o755)
    (made / "state.json").write_text("{}")
    return made


def test_lock_waits_for_another_process(folder, own_locks):
    with child(HOLD, folder, own_locks) as first:
        assert hears(first) == "held"
        got = threading.Event()

        def wait():
            with file_lock.exclusive(folder):
                got.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got.wait(0.2)
        tell(first)
        assert got.wait(10)
        waiting.join()


def test_lock_timeout_names_the_holder(folder, own_locks, monkeypatch):
    monkeypatch.setattr(file_lock, "MESSAGE_AFTER_SECONDS", 0)
    said = []
    with child(HOLD, folder, own_locks) as holder:
        assert hears(holder) == "held"
        with pytest.raises(PiwizardError) as refused, file_lock.exclusive(folder, 0.2, said.append):
            raise AssertionError("the lock was held")
        assert f"process {holder.pid} (" in refused.value.message
        assert str(folder) in refused.value.message
        assert f"sudo kill {holder.pid}" in refused.value.hint
        assert len(said) == 1
        assert f"process {holder.pid}" in said[0]


def test_lock_is_released_by_a_killed_process(folder, own_locks):
    with child(HOLD, folder, own_locks) as holder:
        assert hears(holder) == "held"
        holder.kill()
        with file_lock.exclusive(folder, 10):
            assert file_lock.lock_path(folder).exists()


def test_lock_on_a_readable_folder_blocks_nothing(folder, own_locks):
    """flock(2) works on read-only handles, so any user can lock a folder that is readable."""
    with child(IN_THE_WAY, folder, folder / "state.json", folder.parent) as stranger:
        assert hears(stranger) == "locked"
        with file_lock.exclusive(folder, 0):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_lock_file_is_private(folder, own_locks):
    for path in (own_locks, *own_locks.parents):
        if path.exists() and path != own_locks:
            path.chmod(path.stat().st_mode | 0o055)
    own_locks.mkdir(exist_ok=True)
    own_locks.chmod(0o755)
    file_lock.lock_path(folder).touch(0o644)
    with file_lock.exclusive(folder):
        assert own_locks.stat().st_mode & 0o777 == 0o700
        assert file_lock.lock_path(folder).stat().st_mode & 0o777 == 0o600
        with child(AS_A_STRANGER, own_locks, file_lock.lock_path(folder)) as stranger:
            assert [hears(stranger), hears(stranger)] == ["PermissionError", "PermissionError"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_folder_of_another_user_is_refused(folder, tmp_path, monkeypatch):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    monkeypatch.setattr(paths, "locks_dir", lambda: theirs)
    with pytest.raises(PiwizardError, match="belongs to another user"), file_lock.exclusive(folder):
        raise AssertionError("it was used")


@pytest.mark.parametrize("what", ["folder", "file"])
def test_links_are_not_followed(folder, tmp_path, monkeypatch, what):
    monkeypatch.setattr(paths, "locks_dir", lambda: tmp_path / "locks")
    (tmp_path / "elsewhere").mkdir()
    if what == "folder":
        (tmp_path / "locks").symlink_to("elsewhere")
    else:
        (tmp_path / "locks").mkdir()
        file_lock.lock_path(folder).symlink_to("../elsewhere/file")
    with pytest.raises(OSError), file_lock.exclusive(folder):  # noqa: PT011 — ELOOP or ENOTDIR
        raise AssertionError("it was followed")
    assert not any((tmp_path / "elsewhere").iterdir())


def test_two_folders_have_two_locks(folder, tmp_path):
    other = tmp_path / "other" / "lib"
    with file_lock.exclusive(folder), file_lock.exclusive(other, 0):
        pass


def test_lock_is_not_inherited(folder):
    with file_lock.exclusive(folder):
        handles = [int(name) for name in os.listdir("/proc/self/fd")]
        ours = [
            one for one in handles if os.path.exists(f"/proc/self/fd/{one}")
            and os.readlink(f"/proc/self/fd/{one}") == str(file_lock.lock_path(folder))
        ]  # fmt: skip
        assert ours
        assert all(fcntl.fcntl(one, fcntl.F_GETFD) & fcntl.FD_CLOEXEC for one in ours)


def test_temporary_lock_leaves_nothing_and_keeps_others_out(own_places, tmp_path):
    inside, done = [], threading.Event()

    def other():
        with file_lock.exclusive(tmp_path, temporary=True):
            inside.append("other")
        done.set()

    with file_lock.exclusive(tmp_path, temporary=True):
        waiting = threading.Thread(target=other)
        waiting.start()
        inside.append("first")
    assert done.wait(10)
    waiting.join()
    assert inside == ["first", "other"]
    assert not file_lock.lock_path(tmp_path).exists()
