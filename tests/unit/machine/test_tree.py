"""What root opens among a stranger's files is that file, or nothing."""

from __future__ import annotations

import os

import pytest

from piwizard.changes.publish import Publish
from piwizard.machine import opened


@pytest.fixture
def theirs(tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    (tmp_path / "secret").write_text("hush")
    (folder / "style.css").write_text("body {}")
    (folder / "link.css").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.css")
    return folder


def test_a_file_a_link_a_pipe_and_nothing(theirs):
    with opened.folder(theirs) as within:
        with opened.regular("style.css", within) as file:
            assert file.read() == b"body {}"
        assert [opened.regular(name, within) for name in ("link.css", "pipe.css", "gone.css")] == [None] * 3


def test_a_folder_that_became_a_link(theirs, tmp_path):
    (tmp_path / "link").symlink_to(theirs)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"), opened.folder(tmp_path / "link"):
        pass


def test_only_regular_files_are_published(theirs, tmp_path, monkeypatch):
    (theirs / "folder").symlink_to(tmp_path)
    said = []
    work = type("Work", (), {"command": lambda self, argv: said.append(argv), "note": lambda self, *what: None})()
    Publish(tmp_path, tmp_path / "public", (("static", "theirs"), ("robots.txt", "theirs/link.css"))).apply(work)
    assert [path.name for path in (tmp_path / "public").rglob("*")] == ["static", "style.css"]
    assert said


def test_closed_to_others_and_no_link_followed(theirs, tmp_path):
    (theirs / "inner").mkdir(mode=0o777)
    (theirs / "inner" / "open").touch(mode=0o666)
    for path, mode in ((tmp_path / "secret", 0o644), (theirs / "inner", 0o777), (theirs / "inner" / "open", 0o666)):
        path.chmod(mode)
    opened.close_to_others(theirs)
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "secret", theirs / "inner", theirs / "inner" / "open")]
    assert [oct(mode) for mode in modes] == ["0o644", "0o750", "0o640"]
