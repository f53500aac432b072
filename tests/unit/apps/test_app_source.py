"""Test which code a site uses: that of a plan, that in use, or the newest."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from piwizard.apps import app_source
from piwizard.changes.base import ChangeFailed
from piwizard.changes.git_checkout import GitCheckout
from piwizard.errors import AnswerRefused, PiwizardError
from piwizard.system import bounded_command, commands, paths

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org")


@pytest.fixture
def repo(tmp_path):
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "app.py").write_text("")
    for words in (("init", "--quiet"), ("add", "."), (*WHO, "commit", "--quiet", "--message=a")):
        git(folder, *words)
    return str(folder)


def git(folder, *words):
    result = commands.run(["git", "-C", str(folder), *words])
    assert result.ok
    return result.output.strip()


def commit(folder, text, *words):
    """Commit a text as app.py, and return the commit."""
    Path(folder, "app.py").write_text(text)
    git(folder, *WHO, "commit", "--quiet", "--all", "--message=b", *words)
    return git(folder, "rev-parse", "HEAD")


def test_fetched_code_is_readable_by_root_only(own_places, repo):
    found = app_source.fetch_newest("blog", repo, None)
    assert (found.tree / "app.py").is_file()
    assert found.tree.parent.stat().st_mode & 0o777 == 0o700


def test_repository_without_bounds_is_refused_and_removed(own_places, repo, monkeypatch):
    monkeypatch.setattr(bounded_command, "MAX_BYTES", -(1 << 60))
    with pytest.raises(PiwizardError, match=r"app\.repo: .* takes more than") as refused:
        app_source.fetch_newest("blog", repo, None)
    assert refused.value.key == "app.repo"
    assert not (paths.cache_dir() / "sources" / "blog").exists()


def test_two_processes_that_fetch_the_same_code_do_not_disturb_each_other(own_places, repo):
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        fetched = list(pool.map(app_source.fetch_newest, ["blog"] * 8, [repo] * 8, [None] * 8))
    assert len(set(fetched)) == 1
    assert (fetched[0].tree / "app.py").is_file()
    assert app_source.find_source("blog", repo, None, fetched[0].commit) == fetched[0]


def test_failed_fetch_keeps_the_code_that_was_fetched_before(own_places, repo, tmp_path):
    before = app_source.fetch_newest("blog", repo, None)
    with pytest.raises(PiwizardError):
        app_source.fetch_newest("blog", f"{tmp_path}/elsewhere", None)
    assert app_source.find_source("blog", repo, None, before.commit) == before
    assert (before.tree / "app.py").is_file()


def test_planned_commit_is_used_although_a_newer_one_was_fetched_since(own_places, repo):
    planned = app_source.fetch_newest("blog", repo, None)
    newer = commit(repo, "newer = True\n")
    assert app_source.fetch_newest("blog", repo, None).commit == newer
    newest = commit(repo, "newest = True\n")
    found = app_source.find_source("blog", repo, None, planned.commit)
    assert found.commit == planned.commit != newest
    assert (found.tree / "app.py").read_text() == ""


def test_planned_commit_that_was_rewritten_is_named_and_never_replaced_by_another(own_places, repo):
    planned = app_source.fetch_newest("blog", repo, None)
    commit(repo, "other = True\n", "--amend")
    assert app_source.find_source("blog", repo, None, planned.commit) == planned  # it is in the cache
    other = app_source.fetch_newest("blog", repo, None)
    with pytest.raises(AnswerRefused, match=f"the commit {planned.commit[:7]}, which was planned, is no longer") as bad:
        app_source.find_source("blog", f"file://{repo}", None, planned.commit)
    assert "piwizard deploy" in bad.value.hint
    assert app_source.find_source("blog", repo, None, other.commit) == other  # what was fetched before stays


def test_checkout_names_a_planned_commit_that_was_rewritten_meanwhile(own_places, repo, tmp_path, working):
    planned = app_source.fetch_newest("blog", repo, None)
    commit(repo, "other = True\n", "--amend")
    change = GitCheckout(tmp_path / "release", f"file://{repo}", None, planned.commit, "daemon")
    with pytest.raises(ChangeFailed, match="which was planned, is no longer in"):
        change.apply(working())
    assert not (tmp_path / "release" / "app").exists()
