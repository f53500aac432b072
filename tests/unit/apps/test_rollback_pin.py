"""Test what keeps a site at the release that it was rolled back to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from piwizard.apps import app_source
from piwizard.apps.rollback_pin import PIN, LeftRelease, RollbackPin, pin_for, read_pin
from piwizard.errors import PiwizardError
from piwizard.system import paths

REPO, REF = "https://git.example.org/blog.git", "main"
A, B, C = (letter * 12 for letter in "abc")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a site with three releases."""
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path)
    for name in (A, B, C):
        (tmp_path / "blog" / "releases" / name / "app").mkdir(parents=True)
        noted = {"repo": REPO, "ref": REF, "commit": name[0] * 40}
        (tmp_path / "blog" / "releases" / name / "release.json").write_text(json.dumps(noted))
    return tmp_path / "blog"


def use(site: Path, name: str, pin: RollbackPin | None = None) -> None:
    (site / "current").unlink(missing_ok=True)
    (site / "current").symlink_to(f"releases/{name}")
    if pin:
        (site / PIN).write_text(pin.encode())


def left(pin: RollbackPin | None) -> str:
    return "".join(one.release[0] for one in pin.left) if pin else ""


def test_each_rollback_adds_what_it_leaves_and_each_return_removes_it(site: Path) -> None:
    use(site, C)
    first = pin_for("blog", B, REPO, REF)
    assert left(first) == "c"
    use(site, B, first)
    assert pin_for("blog", B, REPO, REF) == read_pin("blog") == first
    second = pin_for("blog", A, REPO, REF)
    assert left(second) == "cb"
    use(site, A, second)
    assert left(pin_for("blog", B, REPO, REF)) == "c"
    assert pin_for("blog", C, REPO, REF) is None


def test_pin_ends_with_the_next_deploy(site: Path) -> None:
    use(site, C)
    use(site, B, pin_for("blog", B, REPO, REF))
    assert read_pin("blog") is not None
    use(site, A)
    assert read_pin("blog") is None


def test_rolled_back_commit_is_known(site: Path) -> None:
    use(site, C)
    pin = pin_for("blog", A, REPO, REF)
    assert pin is not None
    assert pin.leaves("c" * 40)
    assert not pin.leaves("b" * 40)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 2}', '{"version": 1, "left": 5}', "\x00"])
def test_damaged_pin_counts_as_none(site: Path, content: str) -> None:
    use(site, B)
    (site / PIN).write_text(content)
    assert read_pin("blog") is None


def test_source_is_the_release_that_was_rolled_back_to_until_other_answers(site: Path) -> None:
    use(site, C)
    target = app_source.find_source("blog", REPO, REF, rollback=A)
    assert (target.commit, target.release, target.kept, left(target.pin)) == (
        "a" * 40,
        site / "releases" / A,
        True,
        "c",
    )
    use(site, A, target.pin)
    assert app_source.find_source("blog", REPO, REF) == target
    assert app_source.find_source("blog", REPO, REF, "a" * 40) == target
    (site / "releases" / A / "release.json").write_text(json.dumps({"repo": REPO, "ref": "other", "commit": "a" * 40}))
    assert app_source.find_source("blog", REPO, REF).kept  # of another branch, and it stays
    changed = app_source.find_source("blog", REPO, "other")
    assert not changed.kept


def test_release_that_is_gone_is_refused(site: Path) -> None:
    use(site, C)
    with pytest.raises(PiwizardError, match="not complete any more"):
        app_source.find_source("blog", REPO, REF, rollback="f" * 12)


def test_pin_is_written_and_read_back(site: Path) -> None:
    pin = RollbackPin(A, A, REPO, None, (LeftRelease(C, "c" * 40),))
    use(site, A, pin)
    assert read_pin("blog") == pin
