"""Test that files are replaced in one step, with their final mode from the beginning."""

from __future__ import annotations

import errno
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from piwizard.system import files


def test_replace_writes_content_mode_and_time(tmp_path):
    path = tmp_path / "f"
    files.replace(path, b"one", mode=0o600)
    files.replace(path, b"two", mode=0o640, mtime_ns=10**18)
    assert path.read_bytes() == b"two"
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime_ns) == (0o640, 10**18)
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_replace_is_atomic_for_readers(tmp_path):
    path, ended, seen = tmp_path / "f", threading.Event(), set()
    texts = [bytes([65 + number]) * 100_000 for number in range(3)]
    files.replace(path, texts[0])

    def read():
        while not ended.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        files.replace(path, texts[number % 3])
    ended.set()
    reader.join()
    assert seen <= set(texts)


def test_replace_overwrites_a_leftover_temporary_file(tmp_path):
    (tmp_path / ".f.piwizard-new").write_bytes(b"half")
    files.replace(tmp_path / "f", b"whole")
    (tmp_path / ".l.piwizard-new").symlink_to("half")
    files.make_link(tmp_path / "l", "f")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["f", "l"]


def test_replace_does_not_follow_a_link_at_the_temporary_path(tmp_path):
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / ".f.piwizard-new").symlink_to("theirs")
    files.replace(tmp_path / "f", b"ours")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"


def test_replace_on_a_full_disk_keeps_the_old_file(tmp_path):
    path = tmp_path / "f"
    files.replace(path, b"old")
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            files.replace(path, b"new" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_make_link_replaces_a_link(tmp_path):
    files.make_link(tmp_path / "l", "a")
    files.make_link(tmp_path / "l", "b")
    assert os.readlink(tmp_path / "l") == "b"


@pytest.mark.parametrize("what", ["missing", "below-a-file/x", "folder"])
def test_read_returns_none_without_a_file(tmp_path, what):
    (tmp_path / "below-a-file").write_text("")
    (tmp_path / "folder").mkdir()
    assert files.read(tmp_path / what) is None


def test_make_folders_creates_parents(tmp_path):
    files.make_folders(tmp_path / "a" / "b", 0o700)
    files.make_folders(tmp_path / "a" / "b", 0o755)
    assert [(tmp_path / path).stat().st_mode & 0o777 for path in ("a", "a/b")] == [0o755, 0o700]
    files.make_owned_folder(tmp_path / "a" / "b", 0o750, (os.getuid(), os.getgid()))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("what", ["link", "file"])
def test_make_owned_folder_refuses_other_files(tmp_path, what):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        files.make_owned_folder(tmp_path / what, 0o777, (os.getuid(), os.getgid()))
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o700


def test_remove_deletes_files_links_and_folders(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "real" / "deep" / "f").write_text("")
    (tmp_path / "link").symlink_to("real")
    files.remove(tmp_path / "link")
    assert (tmp_path / "real" / "deep" / "f").exists()
    files.remove(tmp_path / "real")
    files.remove(tmp_path / "real")
    assert list(tmp_path.iterdir()) == []


def test_diff_is_unified(tmp_path):
    assert files.diff(b"a\nb\n", b"a\nc\n", tmp_path / "f").splitlines()[-2:] == ["-b", "+c"]
    assert files.diff(None, b"a\n", tmp_path / "f").startswith("--- /dev/null")
    assert files.diff(b"\xff\n", b"", tmp_path / "f").splitlines()[-1] == "-\ufffd"
    assert files.diff(b"a", b"a", tmp_path / "f") == ""


def test_owner_ids_are_resolved_when_used():
    assert files.ROOT.ids() == (0, 0)
    with pytest.raises(KeyError):
        files.Owner("not-there-yet", "root").ids()


def test_remove_atomically_works_without_rename(tmp_path, monkeypatch):
    """On an overlay, folders of the lower layer cannot be renamed; some Pis use one for the whole disk."""
    (tmp_path / "release" / "app").mkdir(parents=True)

    def refused(self, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refused)
    files.remove_atomically(tmp_path / "release")
    assert list(tmp_path.iterdir()) == []
