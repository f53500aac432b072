"""Try a sample of the states; `python -m tests.unit.crash` tries all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.crash.disk import Disk
from tests.unit.crash.journeys import JOURNEYS
from tests.unit.crash.tracing import Call
from tests.unit.crash.trying import try_journey

ROOT = Path("/root-of-it")
ASIDE, FILE = ROOT / ".file.new", ROOT / "file"
WRITTEN = Call("openat", (ASIDE,), flags="O_WRONLY|O_CREAT|O_EXCL"), Call("write", (ASIDE,), b"new")
SYNCED, RENAMED, KEPT = Call("fsync", (ASIDE,)), Call("rename", (ASIDE, FILE)), Call("fsync", (ROOT,))


@pytest.mark.parametrize("name", JOURNEYS)
def test_sample_of_crash_states_is_read_as_promised(name: str) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    outcome = try_journey(name, most=20)
    assert outcome.states >= 10
    assert outcome.failures == []


def contents(*calls: Call) -> set[bytes | None]:
    """Return the possible contents of the file after a power cut."""
    disk = Disk(ROOT)
    for call in (Call("openat", (FILE,), flags="O_CREAT"), Call("write", (FILE,), b"old")):
        disk.take(call)
    disk.settle()
    for call in calls:
        disk.take(call)
    return {{path: content for path, _, content in tree}.get("file") for tree in disk.states()}


def test_synced_rename_has_the_old_or_new_content() -> None:
    assert contents(*WRITTEN, SYNCED) == {b"old"}
    assert contents(*WRITTEN, SYNCED, RENAMED) == {b"old", b"new"}
    assert contents(*WRITTEN, SYNCED, RENAMED, KEPT) == {b"new"}


def test_unsynced_content_may_be_anything() -> None:
    torn = contents(*WRITTEN, RENAMED, KEPT)
    assert {b"new", b"", b"ne", b"\0\0\0"} <= torn, "the rename may reach the disk before the content"
    assert b"old" not in torn
    assert contents(*WRITTEN, SYNCED, RENAMED) >= {b"old"}, "an unsynced rename may be lost"
    appended = contents(*(Call("write", (FILE,), text) for text in (b" one", b" two")))
    assert {b"old", b"old one", b"old one two", b"old\0\0\0\0 two", b"old one t"} <= appended
    assert contents(Call("unlink", (FILE,))) == {b"old", None}
    assert contents(Call("unlink", (FILE,)), KEPT) == {None}


def test_unsynced_folder_may_lose_all_its_files() -> None:
    disk = Disk(ROOT)
    inside = ROOT / "folder/file"
    for call in (
        Call("mkdir", (ROOT / "folder",)),
        Call("openat", (inside,), flags="O_CREAT"),
        Call("write", (inside,), b"new"),
        Call("fsync", (inside,)),
        Call("fsync", (ROOT / "folder",)),
    ):
        disk.take(call)
    assert set(disk.states()) == {
        (),
        (("folder", "folder", b""), ("folder/file", "file", b"new")),
    }
