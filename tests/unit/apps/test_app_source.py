from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from piwizard.apps import app_source
from piwizard.errors import PiwizardError
from piwizard.system import bounded_command, commands, paths


@pytest.fixture
def repo(tmp_path):
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "app.py").write_text("")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "--message=a")):
        assert commands.run(["git", "-C", str(folder), *words]).ok
    return str(folder)


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
