"""Test what is read of a commit: a stranger wrote it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from piwizard.git.commit_details import CommitDetails, read_commit_details

DATE = "2026-03-01T12:00:00+01:00"


@pytest.fixture
def commit():
    """Return a repository with one commit of this author and message, readable by everybody."""
    place = tempfile.TemporaryDirectory(dir="/tmp")  # pytest's own folders are closed to others
    Path(place.name).chmod(0o755)

    def made(author: str, message: str) -> Path:
        tree = Path(place.name) / "tree"
        tree.mkdir()
        name = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
                for part, value in (("NAME", author), ("EMAIL", "a@example.org"), ("DATE", DATE))}  # fmt: skip
        env = os.environ | name
        subprocess.run(["git", "init", "-q", str(tree)], check=True, env=env)
        (tree / "message").write_text(message)
        argv = ["git", "-C", str(tree), "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "message"]
        subprocess.run(argv, check=True, env=env, cwd=tree)
        return tree

    with place:
        yield made


def test_subject_author_and_date_are_read(commit) -> None:
    found = read_commit_details(commit("Ada Lovelace", "Resize images\n\nMore text\n"), "nogroup")
    assert found == CommitDetails("Resize images", "Ada Lovelace", DATE)


def test_control_characters_are_removed_and_texts_cut(commit) -> None:
    found = read_commit_details(commit("E\x1b[31mve\u202e", "\x1b]0;x\x07" + "a" * 100_000 + "\n"), "nogroup")
    assert found.author == "E[31mve"
    assert found.subject == "]0;x" + "a" * 96
    assert not any(char in found.subject + found.author for char in "\x1b\x07\u202e")


def test_folder_without_repository_has_no_details(tmp_path: Path) -> None:
    assert read_commit_details(tmp_path, "nogroup") == CommitDetails()
