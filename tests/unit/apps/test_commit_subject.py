"""Test the subject of a commit, which is read without its files."""

from __future__ import annotations

import os
import subprocess

import pytest

from piwizard.apps.commit_subject import fetch_subject
from piwizard.git.git_access import GitAccess
from piwizard.system import paths


@pytest.fixture
def repository(tmp_path):
    """Return the path of a repository whose last commit has a terminal code in its subject."""
    folder = tmp_path / "repository"
    identity = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    for argv in (
        ("init", "--quiet", str(folder)),
        ("-C", str(folder), *identity, "commit", "--quiet", "--allow-empty", "-m", "Resize\x1b[2J images"),
    ):
        subprocess.run(("git", *argv), check=True)
    return folder


def test_newest_subject_is_fetched_and_printable(own_places, repository):
    subject = fetch_subject(GitAccess("photos", f"file://{repository}"), None)
    assert subject.startswith("Resize")
    assert subject.endswith("images")
    assert subject.isprintable()


def test_repository_that_is_gone_has_no_subject(own_places, tmp_path):
    assert fetch_subject(GitAccess("photos", f"file://{tmp_path}/gone"), None) == ""


def test_power_cut_leaves_no_fetched_subject(own_places, repository):
    folder = paths.cache_dir() / "subjects"
    old, new = folder / "old", folder / "new"
    for one in (old, new):
        (one / "repository").mkdir(parents=True)
    os.utime(old, (0, 0))
    fetch_subject(GitAccess("photos", f"file://{repository}"), None)
    assert [one.name for one in folder.iterdir()] == ["new"]
