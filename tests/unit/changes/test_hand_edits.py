"""Test that files edited by hand inside a release are found and kept."""

from __future__ import annotations

import os

import pytest

from piwizard.changes import hand_edits
from piwizard.changes.base import ChangeFailed
from piwizard.changes.hand_edits import CodeRecorded, HandEditsKept, find_edits


@pytest.fixture
def built(tmp_path, working):
    """Return a release as it was built."""
    folder = tmp_path / "releases" / "0123456789ab"
    for path, text in {
        "app.py": "old",
        "web/page.html": "<p>",
        ".git/HEAD": "x",
        "__pycache__/app.pyc": "",
        "same.txt": "1",
    }.items():
        (folder / "app" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "app" / path).write_text(text)
    (tmp_path / "data").mkdir()
    (folder / "app" / "data").symlink_to(tmp_path / "data")
    working("app", "blog").make(CodeRecorded("blog", folder, folder / "proven.json"))
    (folder / "proven.json").write_text("{}")
    return folder


@pytest.fixture
def kept(tmp_path, built, monkeypatch):
    monkeypatch.setattr("piwizard.system.paths.state_dir", lambda: tmp_path / "state")
    return HandEditsKept("blog", built, built.with_name("another"))


def copies(tmp_path):
    return tmp_path / "state/edited-code/blog/0123456789ab"


def edit(built):
    """Edit a release by hand: change a file, add another, and touch a third."""
    (built / "app/app.py").write_text("new")
    (built / "app/web/extra.html").write_text("<b>")
    os.utime(built / "app/same.txt")


def test_untouched_release_has_no_edits(built, kept, working, tmp_path):
    (tmp_path / "data" / "notes.db").write_text("of the app")
    (built / "app/.git/HEAD").write_text("y")
    (built / "app/__pycache__/x.pyc").write_text("y")
    assert find_edits(built) == []
    assert kept.probe(working().machine, working()).in_sync


def test_release_with_more_files_than_are_compared_says_so(built, kept, working, events, monkeypatch):
    monkeypatch.setattr(hand_edits, "MAX_FILES", 3)
    preview = kept.probe(working().machine, working())
    assert "more than 3 files" in preview.warnings[0]
    working("app", "blog").make(kept)
    assert any("more than 3 files" in str(one) for one in events())


def test_changed_and_new_files_are_named_before_and_copied(built, kept, working, events, tmp_path):
    edit(built)
    preview = kept.probe(working().machine, working())
    assert preview.warnings[0].startswith(f"app.py, web/extra.html in {built}/app were edited by hand, and the ")
    assert working("app", "blog").make(kept)
    assert (copies(tmp_path) / "app.py").read_text() == "new"
    assert (copies(tmp_path) / "web/extra.html").read_text() == "<b>"
    assert (copies(tmp_path) / "app.py").stat().st_mode & 0o077 == 0
    assert str(copies(tmp_path)) in [event["text"] for event in events() if event["event"] == "note"][-1]
    assert kept.probe(working().machine, working()).in_sync, "applied again, it has nothing to do"


def test_later_edit_is_kept_too(built, kept, working, tmp_path):
    edit(built)
    working("app", "blog").make(kept)
    (built / "app/app.py").write_text("newer")
    assert working("app", "blog").make(kept)
    assert (copies(tmp_path) / "app.py").read_text() == "newer"


def test_release_in_use_needs_no_copy(built, working):
    edit(built)
    assert HandEditsKept("blog", built, built).probe(working().machine, working()).in_sync


def test_release_of_an_earlier_version_has_no_known_edits(built):
    edit(built)
    (built / "code.json").unlink()
    assert find_edits(built) == []


def test_files_are_recorded_again_only_until_the_release_is_proven(built, working):
    assert CodeRecorded("blog", built, built / "proven.json").probe(working().machine, working()).in_sync
    (built / "proven.json").unlink()
    assert not CodeRecorded("blog", built, built / "proven.json").probe(working().machine, working()).in_sync


def test_undo_keeps_what_was_edited(built, kept, undo, tmp_path):
    edit(built)
    (left,) = undo("app", "blog")
    assert left.startswith("app.py, web/extra.html in ")
    assert (copies(tmp_path) / "app.py").read_text() == "new"


def test_large_and_many_edits_are_all_kept(built, kept, working, tmp_path, monkeypatch):
    for number in range(250):
        (built / f"app/{number}.txt").write_text("new")
    large = b"x" * (hand_edits.MAX_HASHED_BYTES + 1)
    (built / "app/large.db").write_bytes(large)
    assert working("app", "blog").make(kept)
    assert (copies(tmp_path) / "large.db").read_bytes() == large
    assert len(list(copies(tmp_path).glob("*.txt"))) == 250
    assert kept.probe(working().machine, working()).in_sync
    with (built / "app/large.db").open("r+b") as file:
        file.write(b"y")
    assert working("app", "blog").make(kept)
    assert (copies(tmp_path) / "large.db").read_bytes()[:2] == b"yx"


def test_edit_that_does_not_fit_on_the_disk_stops_the_deploy(built, kept, working, tmp_path):
    with (built / "app/large.db").open("wb") as file:
        file.truncate(1 << 43)
    with pytest.raises(ChangeFailed, match="does not fit"):
        working("app", "blog").make(kept)
    assert not (copies(tmp_path) / "large.db").exists()
