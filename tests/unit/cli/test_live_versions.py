"""Test the last line of a deploy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from piwizard.cli import live_versions
from piwizard.cli.live_versions import LiveVersion
from piwizard.system import paths

NEW, OLD = "8f2c1aa0" * 5, "5406c3a0" * 5


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (
            LiveVersion("photos", NEW, OLD, "Resize images", "https://photos.example.org/"),
            "photos is now at 8f2c1aa “Resize images”: https://photos.example.org/ (was 5406c3a)",
        ),
        (LiveVersion("photos", NEW, None), "photos is now at 8f2c1aa"),
        (LiveVersion("photos", NEW, NEW, "Resize images"), "photos is at 8f2c1aa “Resize images”"),
    ],
)
def test_last_line_names_version_address_and_former_version(version: LiveVersion, sentence: str) -> None:
    assert version.sentence == sentence


def test_commit_in_use_is_read_from_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path)
    release = tmp_path / "photos" / "releases" / "8f2c1aa08f2c"
    release.mkdir(parents=True)
    (release / "release.json").write_text(json.dumps({"repo": "x", "ref": None, "commit": NEW}))
    (tmp_path / "photos" / "current").symlink_to(release)
    (tmp_path / "new").mkdir()
    assert live_versions.deployed_commits(["photos", "new"]) == {"photos": NEW}
