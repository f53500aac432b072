"""Test the list of releases: order, what is recorded, and what is only known."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from piwizard.changes.release_record import ReleaseRecord, read_release_record
from piwizard.setup.site_releases import list_releases
from piwizard.system import paths

SITE = "blog"


@pytest.fixture
def made_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that creates a release of this letter."""
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path)

    def made(letter: str, used_at: str = "", *, proven: bool = True, current: bool = False) -> Path:
        folder = tmp_path / SITE / "releases" / (letter * 12)
        (folder / "app").mkdir(parents=True)
        (folder / "release.json").write_text(json.dumps({"repo": "x", "ref": None, "commit": letter * 40}))
        if proven:
            (folder / "proven.json").write_text("{}")
        if used_at:
            record = ReleaseRecord(letter * 40, f"Commit {letter}", deployed_at=used_at, used_at=used_at, size=1000)
            (folder / "record.json").write_bytes(record.encode())
        if current:
            (tmp_path / SITE / "current").symlink_to(f"releases/{folder.name}")
        return folder

    return made


def names(releases) -> str:
    return "".join(one.name[0] for one in releases)


def test_release_in_use_comes_first_then_those_used_last(made_release) -> None:
    made_release("a", "2026-01-01T00:00:00+00:00")
    made_release("b", "2026-01-03T00:00:00+00:00")
    made_release("c", "2026-01-02T00:00:00+00:00", current=True)
    found = list_releases(SITE)
    assert names(found) == "cba"
    assert [one.in_use for one in found] == [True, False, False]
    assert found[0].as_json()["subject"] == "Commit c"


def test_releases_from_before_records_show_what_is_known(made_release) -> None:
    old = made_release("a")
    os.utime(old / "proven.json", (1_700_000_000, 1_700_000_000))
    made_release("b", current=True)
    found = list_releases(SITE)
    assert names(found) == "ba"
    assert (found[1].record.commit, found[1].record.used_at) == ("a" * 40, "2023-11-14T22:13:20+00:00")
    assert found[1].as_json()["deployed_by"] is None
    assert found[1].served


def test_release_that_visitors_never_got_is_marked(made_release) -> None:
    made_release("a", "2026-01-01T00:00:00+00:00")
    made_release("b")
    made_release("c", "2026-01-02T00:00:00+00:00", current=True)
    assert {one.name[0]: one.served for one in list_releases(SITE)} == {"a": True, "b": False, "c": True}


def test_folder_of_another_program_is_no_release(made_release, tmp_path: Path) -> None:
    made_release("a", current=True)
    (tmp_path / SITE / "releases" / "notes").mkdir()
    (tmp_path / SITE / "releases" / ".partial").mkdir()
    assert names(list_releases(SITE)) == "a"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "commit": 5}', "\x00"])
def test_unreadable_record_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "record.json").write_text(content)
    assert read_release_record(tmp_path) is None


def test_site_without_releases_has_none(made_release) -> None:
    assert list_releases("new") == []
