"""Test that an app's data is counted and deleted without following a link, however deep it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from piwizard.errors import PiwizardError
from piwizard.system import app_data, files
from piwizard.system.app_data import Contents

DEEP = 3000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a data folder with three files, and links out of it."""
    folder = tmp_path / "srv" / "blog" / "data"
    (folder / "uploads").mkdir(parents=True)
    (folder / "app.db").write_bytes(b"x" * 2500)
    (folder / "uploads" / "photo.jpg").write_bytes(b"y" * 1000)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    (folder / "uploads" / "away").symlink_to(tmp_path / "mine")
    os.link(tmp_path / "mine" / "letter.txt", folder / "letter.txt")
    return folder


def deepen(folder: Path, levels: int) -> None:
    """Make a path longer than the system accepts."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        inside = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(os.open("bottom", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


def test_measure_counts_files_and_follows_no_link(data):
    link = len(str(data.parents[2] / "mine"))
    assert app_data.measure_folder(data) == Contents(data, 4, 2500 + 1000 + 4 + link)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (Contents(Path("/srv/b/data"), 1, 7), "/srv/b/data (1 file, 7 bytes)"),
        (Contents(Path("/srv/b/data"), 12, 3_100_000), "/srv/b/data (12 files, 3.1 MB)"),
        (Contents(Path("/srv/b/data"), 1234, 52_000_000_000), "/srv/b/data (1,234 files, 52.0 GB)"),
        (Contents(Path("/srv/b/data"), 100_000, 20_000, more=True), "/srv/b/data (more than 100,000 files, 20 kB)"),
    ],
)
def test_contents_text_names_files_and_size(contents, words):
    assert str(contents) == words


def test_measure_stops_at_its_limits(data, monkeypatch):
    deepen(data, DEEP)
    assert app_data.measure_folder(data).more
    monkeypatch.setattr(app_data, "MAX_FILES", 2)
    assert (app_data.measure_folder(data).files, app_data.measure_folder(data).more) == (2, True)
    monkeypatch.setattr(app_data, "MAX_SECONDS", -1.0)
    assert (app_data.measure_folder(data).files, app_data.measure_folder(data).more) == (0, True)
    app_data.delete_data(data)


def test_measure_returns_none_without_a_folder(data):
    assert app_data.measure_folder(data / "nowhere") is None
    assert app_data.measure_folder(data / "app.db") is None
    assert app_data.measure_folder(data / "uploads" / "away") is None


def test_delete_removes_everything_and_nothing_outside(data, tmp_path):
    deepen(data, DEEP)
    for number in range(2500):
        (data / f"file-{number}").write_text("")
    assert app_data.delete_data(data)
    assert list(data.parent.iterdir()) == []
    assert (tmp_path / "mine" / "letter.txt").read_text() == "mine"
    assert not app_data.delete_data(data)


def test_delete_finishes_an_interrupted_deletion(data):
    data.rename(files.removal_path(data))
    data.mkdir()
    assert app_data.delete_data(data)
    assert list(data.parent.iterdir()) == []


def test_delete_ignores_a_link(data, tmp_path):
    link = tmp_path / "srv" / "link"
    link.symlink_to(data)
    assert not app_data.delete_data(link)
    assert (data / "app.db").exists()


@pytest.mark.parametrize("at", ["", "/uploads", "/uploads/with a blank"])
def test_delete_refuses_a_mounted_disk(data, tmp_path, monkeypatch, at):
    mounts = tmp_path / "mountinfo"
    place = f"{data}{at}".replace(" ", "\\040")
    mounts.write_text(f"22 1 0:21 / / rw - ext4 /dev/a rw\n36 22 98:0 / {place} rw - ext4 /dev/b rw\n")
    monkeypatch.setattr(app_data, "MOUNTINFO", mounts)
    with pytest.raises(PiwizardError, match="A disk is mounted at") as refused:
        app_data.delete_data(data)
    assert f"{data}{at}" in refused.value.message
    assert (data / "app.db").exists()
