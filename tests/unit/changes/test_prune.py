"""Test that releases that failed neither fill the card nor push out those that can be rolled back to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from piwizard.changes.prune import FailedReleasesRemoved, Prune
from piwizard.changes.release_record import PROOF_FILE, RECORD


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the folder of a site with three releases that have served: good-0, good-1, and good-2 in use."""
    for age in range(3):
        add(tmp_path, f"good-{age}", age, PROOF_FILE, RECORD)
    (tmp_path / "current").symlink_to("releases/good-2")
    return tmp_path


def add(site: Path, name: str, age: int, *files: str) -> None:
    folder = site / "releases" / name
    folder.mkdir(parents=True)
    for file in ("app", *files):
        (folder / file).write_text("")
    os.utime(folder, (1000 + age, 1000 + age))


def names(site: Path) -> set[str]:
    return {folder.name for folder in (site / "releases").iterdir()}


def test_commits_that_fail_one_by_one_do_not_add_up(site, working):
    for age in range(10, 30):
        wanted = site / "releases" / f"bad-{age}"
        change = FailedReleasesRemoved(site / "releases", site / "current", wanted)
        working().make(change)
        # Some do not build, some start and do not answer.
        add(site, wanted.name, age, *((PROOF_FILE,) if age % 2 else ()))
    assert names(site) == {"good-0", "good-1", "good-2", "bad-28", "bad-29"}
    again = FailedReleasesRemoved(site / "releases", site / "current", site / "releases" / "bad-29")
    assert again.probe(working().machine, working()).in_sync  # nothing is built: the release is there


def test_failed_releases_push_out_none_that_has_served(site, working):
    for age in range(10, 14):
        add(site, f"bad-{age}", age, PROOF_FILE)
    add(site, ".good-9", 20)
    working().make(Prune(site / "releases", site / "current", 2))
    assert names(site) == {"good-0", "good-1", "good-2"}


def test_proven_releases_from_before_there_were_records_are_kept(tmp_path, working):
    for age in range(3):
        add(tmp_path, f"old-{age}", age, PROOF_FILE)
    add(tmp_path, "failed", 5)
    (tmp_path / "current").symlink_to("releases/old-2")
    working().make(Prune(tmp_path / "releases", tmp_path / "current", 2))
    assert names(tmp_path) == {"old-0", "old-1", "old-2"}
