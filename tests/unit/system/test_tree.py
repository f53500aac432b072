"""Test that root follows no link in a tree that another user can write to."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tracemalloc
from pathlib import Path, PurePath

import pytest

from piwizard.apps import data_mirror
from piwizard.changes import chown
from piwizard.changes.publish import Publish
from piwizard.system import files, safe_open, tree_copy, tree_owner, tree_remove
from piwizard.system.tree_copy import Modes
from tests.unit.namespaces import needs_namespaces


@pytest.fixture
def theirs(tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    (tmp_path / "secret").write_text("hush")
    (folder / "style.css").write_text("body {}")
    (folder / "link.css").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.css")
    return folder


def test_open_file_returns_regular_files_only(theirs):
    with safe_open.open_folder(theirs) as within:
        with safe_open.open_file("style.css", within) as file:
            assert file.read() == b"body {}"
        assert [safe_open.open_file(name, within) for name in ("link.css", "pipe.css", "gone.css")] == [None] * 3


def test_open_folder_refuses_a_link(theirs, tmp_path):
    (tmp_path / "link").symlink_to(theirs)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"), safe_open.open_folder(tmp_path / "link"):
        pass


def test_publish_copies_regular_files_only(theirs, tmp_path, monkeypatch):
    (theirs / "folder").symlink_to(tmp_path)
    said = []
    work = type(
        "Work",
        (),
        {
            "command": lambda self, argv: said.append(argv),
            "note": lambda self, *what: None,
            "say": lambda self, text: None,
        },
    )()
    Publish(
        tmp_path, tmp_path / "public", (("static", "theirs"), ("robots.txt", "theirs/link.css")), tmp_path / "data"
    ).apply(work)
    assert [path.name for path in (tmp_path / "public").rglob("*") if path.is_file()] == ["style.css"]
    assert said


@pytest.fixture
def everything(tmp_path, theirs):
    """Make a folder of another user with a subfolder, a hard-linked file, a program and a link out of it."""
    (theirs / "inner").mkdir(mode=0o777)
    (theirs / "inner" / "run").write_text("#!/bin/sh\n")
    (theirs / "inner" / "run").chmod(0o6777)
    os.link(tmp_path / "secret", theirs / "hard")
    (theirs / "out").symlink_to(tmp_path)
    return theirs


def opened(path):
    return os.open(path, safe_open.FOLDER_FLAGS)


def test_copy_tree_drops_hard_links_and_special_bits(everything, tmp_path):
    (tmp_path / "copy").mkdir()
    tree_copy.copy_tree(opened(everything), opened(tmp_path / "copy"), Modes((os.geteuid(), os.getegid()), 0o750))
    assert sorted(os.listdir(tmp_path / "copy")) == ["hard", "inner", "link.css", "out", "style.css"]
    assert os.readlink(tmp_path / "copy" / "out") == str(tmp_path)
    assert (tmp_path / "copy" / "hard").stat().st_nlink == 1
    assert (tmp_path / "copy" / "inner" / "run").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "copy" / "style.css").stat().st_mtime_ns == (everything / "style.css").stat().st_mtime_ns


def test_change_owner_does_not_touch_hard_linked_files(everything, tmp_path):
    before = (tmp_path / "secret").stat()
    tree_owner.change_owner(opened(everything), (os.geteuid(), os.getegid()), 0o750)
    after = (tmp_path / "secret").stat()
    assert (after.st_ino, after.st_mode, after.st_uid, after.st_ctime_ns == before.st_ctime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_uid,
        False,
    )  # only this name is gone
    assert (everything / "hard").read_text() == "hush"
    assert (everything / "inner" / "run").stat().st_mode & 0o7777 == 0o750
    assert (everything / "style.css").stat().st_mode & 0o7777 == 0o640


def test_copy_changes_skips_links(everything, tmp_path):
    target = tmp_path / "target"
    (target / "inner").mkdir(parents=True)
    (target / "style.css").symlink_to(tmp_path / "secret")
    (target / "hard").write_text("before")
    tree_copy.copy_changes(opened(everything), opened(target), Modes((os.geteuid(), os.getegid()), 0o750))
    assert (tmp_path / "secret").read_text() == "hush"
    assert (target / "style.css").is_symlink()
    assert (target / "hard").read_text() == "hush"
    assert (target / "inner" / "run").exists()
    assert not os.path.lexists(target / "out")


def test_remove_tree_follows_no_link_at_any_depth(everything, tmp_path):
    deep = everything
    for _ in range(3 * safe_open.MAX_DEPTH):
        deep = deep / "d"
    handle = opened(everything)
    for _ in range(3 * safe_open.MAX_DEPTH):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", safe_open.FOLDER_FLAGS, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    tree_remove.remove_tree("theirs", opened(tmp_path))
    assert os.listdir(tmp_path) == ["secret"]
    assert (tmp_path / "secret").read_text() == "hush"


def test_read_file_is_limited_and_follows_no_link(everything):
    assert safe_open.read_file(everything, PurePath("style.css"), 4) == b"body"
    assert [
        safe_open.read_file(everything, PurePath(path), 9) for path in ("link.css", "out/secret", "pipe.css", "no")
    ] == [None] * 4


MOUNTED = """
import errno, os, sys
from pathlib import Path
from piwizard.changes import chown as ownership
from piwizard.system import files, safe_open, tree_owner

top = Path(sys.argv[1])
try:
    files.remove(top / "data")
except OSError as error:
    assert error.errno == errno.EBUSY, error
else:
    raise AssertionError("removed what was mounted there")
tree_owner.change_owner(os.open(top / "data", safe_open.FOLDER_FLAGS), (1, 1), 0o750)
ownership.give_back(top, "data", "daemon")
ownership.give_back(top, "data/photos", "daemon")
"""


@needs_namespaces
def test_bind_mount_is_not_touched(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.jpg").write_text("mine")
    (tmp_path / "data" / "photos").mkdir(parents=True)
    mount = f"mount --bind {tmp_path}/pictures {tmp_path}/data/photos"
    inside = f'{mount} && exec {sys.executable} -c "$0" {tmp_path}'
    subprocess.run(("unshare", "--mount", "sh", "-c", inside, MOUNTED), check=True, cwd=Path(__file__).parents[3])
    info = (tmp_path / "pictures" / "one.jpg").stat()
    assert ((tmp_path / "pictures" / "one.jpg").read_text(), info.st_uid, info.st_nlink) == ("mine", 0, 1)
    assert (tmp_path / "pictures").stat().st_uid == 0
    assert (tmp_path / "data").stat().st_uid == 1


def test_copy_tree_keeps_holes(tmp_path):
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    with (tmp_path / "from" / "sparse").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 30)
        file.write(b"here")
    tree_copy.copy_tree(opened(tmp_path / "from"), opened(tmp_path / "to"), Modes((os.geteuid(), os.getegid()), 0o777))
    copied = tmp_path / "to" / "sparse"
    assert copied.stat().st_size == 1 << 40
    assert copied.stat().st_blocks * 512 < 1 << 20
    with copied.open("rb") as file:
        file.seek(1 << 30)
        assert file.read(4) == b"here"


def test_walk_stops_at_the_maximum_depth(tmp_path):
    handle = opened(tmp_path)
    for _ in range(3000):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", safe_open.FOLDER_FLAGS, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    assert len(list(safe_open.walk(opened(tmp_path)))) == safe_open.MAX_DEPTH + 1
    assert chown.of_others(tmp_path, "d", "daemon") is (os.geteuid() != pwd.getpwnam("daemon").pw_uid)
    tree_remove.remove_tree("d", opened(tmp_path))
    assert os.listdir(tmp_path) == []


def test_copy_folders_copies_no_files(everything, tmp_path):
    (tmp_path / "outline").mkdir()
    tree_copy.copy_folders(opened(everything), opened(tmp_path / "outline"), Modes((os.geteuid(), os.getegid()), 0o777))
    assert [path.name for path in (tmp_path / "outline").rglob("*")] == ["inner"]


def test_walk_takes_no_memory_for_many_names(tmp_path: Path) -> None:
    """Names that are listed at once take 700 bytes each."""
    for number in range(5000):
        (tmp_path / f"{number:x<200}").touch()
    with safe_open.open_folder(tmp_path) as folder:
        tracemalloc.start()
        seen = sum(1 for _ in safe_open.walk(folder))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (seen, peak < 500_000) == (5000, True)


@pytest.mark.parametrize("name", ["a" * 255, "图" * 84 + "jpg"], ids=["ascii", "three bytes a character"])
def test_longest_names_are_copied_and_replaced(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for seconds, (folder, content) in enumerate(((source, "new"), (target, "old"))):
        folder.mkdir()
        (folder / name).write_text(content)
        os.utime(folder / name, (seconds, seconds))
    with safe_open.open_folder(source) as one, safe_open.open_folder(target) as other:
        tree_copy.copy_changes(one, other, Modes((os.geteuid(), os.getegid()), 0o755))
    assert (target / name).read_text() == "new"
    os.link(target / name, tmp_path / "other-name")
    with safe_open.open_folder(target) as folder:
        tree_owner.change_owner(folder, (os.geteuid(), os.getegid()), 0o755)
    assert (target / name).stat().st_nlink == 1
    files.replace(target / name, b"newer")
    data_mirror.mirror(target, source)
    assert [(path.name, path.read_text()) for path in source.iterdir()] == [(name, "newer")]
