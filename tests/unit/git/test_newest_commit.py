"""Test what the newest commit of a repository is, and the limits of asking."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from piwizard.errors import AnswerRefused
from piwizard.git import newest_commit as module
from piwizard.git.git_access import GitAccess
from piwizard.git.newest_commit import newest_commit
from piwizard.system import commands

WHO = ("-c", "user.name=Alex", "-c", "user.email=alex@example.org")


def git(folder: Path, *words: str) -> str:
    result = commands.run(("git", "-C", str(folder), *WHO, *words))
    assert result.ok, result.last_lines
    return result.output.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with two branches, and a tag of the first commit."""
    folder = tmp_path / "app"
    commands.run(("git", "init", "--quiet", "--initial-branch=main", str(folder)))
    git(folder, "commit", "--quiet", "--allow-empty", "--message=one")
    git(folder, "tag", "--annotate", "--message=first", "v1")
    git(folder, "checkout", "--quiet", "-b", "dev")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=two")
    git(folder, "checkout", "--quiet", "main")
    return folder


@pytest.mark.parametrize(("ref", "name"), [(None, "main"), ("dev", "dev"), ("v1", "main")])
def test_newest_commit_is_that_of_the_branch_or_tag(repository: Path, ref: str | None, name: str) -> None:
    assert newest_commit(GitAccess("blog", str(repository)), ref) == git(repository, "rev-parse", name)


def test_missing_branch_is_named(repository: Path) -> None:
    with pytest.raises(AnswerRefused, match=r"app.branch: the repository .* has no branch or tag gone"):
        newest_commit(GitAccess("blog", str(repository)), "gone")


def test_missing_repository_is_explained(tmp_path: Path) -> None:
    with pytest.raises(AnswerRefused, match=r"app\.repo"):
        newest_commit(GitAccess("blog", str(tmp_path / "gone")), None)


@pytest.mark.parametrize("program", ["while True: print('x' * 1000)", "import time; time.sleep(600)"])
def test_server_that_never_ends_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 2.0)
    monkeypatch.setattr(module.commands, "start", _instead(commands.start, (sys.executable, "-c", program)))
    with pytest.raises(AnswerRefused, match="takes too long to answer"):
        newest_commit(GitAccess("blog", str(tmp_path)), None)


def _instead(start, argv):
    return lambda _, **options: start(argv, **options)
