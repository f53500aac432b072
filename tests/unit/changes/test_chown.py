"""Test that files left by sudo in an app's folder go back to the app.

Nothing outside of that folder changes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from piwizard.changes import chown

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
NOBODY = 65534
USER = "nobody"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(chown.Owner, "ids", lambda _: (NOBODY, NOBODY))
    folder = tmp_path / "data"
    (folder / "instance/deep").mkdir(parents=True)
    for name in ("result.json", "instance/app.sqlite", "instance/deep/more"):
        (folder / name).write_text("x")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return folder


@pytest.mark.parametrize("theirs", ["instance", "instance/app.sqlite", "instance/deep/more"])
def test_file_of_another_user_is_given_back(data: Path, theirs: str) -> None:
    assert not chown.of_others(data, "instance", USER)
    os.chown(data / theirs, 0, 0)
    assert chown.of_others(data, "instance", USER)
    assert not chown.of_others(data, "result.json", USER)
    chown.give_back(data, "instance", USER)
    assert not chown.of_others(data, "instance", USER)
    assert (data / theirs).stat().st_uid == NOBODY


def test_links_are_not_followed(data: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "shadow").write_text("secret")
    (data / "instance/link").symlink_to(outside)
    os.link(outside / "shadow", data / "instance/hard")
    (data / "elsewhere").symlink_to(outside)
    chown.give_back(data, "instance", USER)
    chown.give_back(data, "elsewhere/shadow", USER)
    assert outside.stat().st_uid == 0
    assert (outside / "shadow").stat().st_uid == 0


def test_missing_file_belongs_to_no_other_user(data: Path, tmp_path: Path) -> None:
    assert not chown.of_others(data, "gone", USER)
    assert not chown.of_others(tmp_path / "gone", "result.json", USER)
