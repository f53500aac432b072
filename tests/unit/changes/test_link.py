"""Links: a link that was changed by hand is kept, named, and restored by undo."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.changes.link import Link
from piwizard.engine.undo_journal import MOST_VERSIONS, Journal
from piwizard.system.system_cache import SystemCache

from .test_file import ours


def probe(change, work):
    return change.probe(SystemCache(), work)


def changed_by_hand(path, target="mine"):
    path.unlink()
    path.symlink_to(target)


def notes(events):
    return [event["text"] for event in events() if event["event"] == "note"]


def test_link_changed_by_hand_needs_a_yes(working, tmp_path):
    link = Link(tmp_path / "enabled", "../available")
    working().make(link)
    assert not probe(Link(link.path, "../other"), working()).edited
    changed_by_hand(link.path)
    assert probe(link, working()).edited
    with pytest.raises(ChangeFailed, match="changed by hand since piwizard made this link"):
        working().make(link)
    assert os.readlink(link.path) == "mine"


def test_replaced_link_is_restored_by_the_command_or_by_undo(working, tmp_path, undo, events):
    link = Link(tmp_path / "enabled", "../available")
    working("site", "blog").make(link)
    changed_by_hand(link.path)
    working("site", "blog", overwrite=True).make(link)
    (note,) = notes(events)
    command, by_undo = note.split("`")[1::2]
    assert by_undo == "piwizard undo site --site blog"
    subprocess.run(shlex.split(command)[1:], check=True)
    assert os.readlink(link.path) == "mine"
    working("site", "blog", overwrite=True).make(link)
    left = undo("site", "blog")
    assert os.readlink(link.path) == "mine"
    assert any("changed by hand" in sentence for sentence in left)


def test_removed_link_that_was_changed_by_hand_is_restored_by_undo(working, tmp_path, undo):
    working().make(Link(tmp_path / "enabled", "../available"))
    changed_by_hand(tmp_path / "enabled")
    with pytest.raises(ChangeFailed, match="changed by hand"):
        working().make(Link(tmp_path / "enabled", None))
    working(overwrite=True).make(Link(tmp_path / "enabled", None))
    assert not os.path.lexists(tmp_path / "enabled")
    undo()
    assert os.readlink(tmp_path / "enabled") == "mine"


def test_file_in_place_of_a_link_is_kept_and_restored(working, tmp_path, undo):
    link = Link(tmp_path / "enabled", "../available")
    working().make(link)
    link.path.unlink()
    link.path.write_text("mine\n")
    with pytest.raises(ChangeFailed, match="changed by hand"):
        working().make(link)
    working(overwrite=True).make(link)
    assert os.readlink(link.path) == "../available"
    undo()
    assert link.path.read_text() == "mine\n"


def test_undo_keeps_a_link_that_was_changed_by_hand_since(working, tmp_path, undo):
    working().make(Link(tmp_path / "enabled", "../available"))
    changed_by_hand(tmp_path / "enabled")
    (left,) = undo()
    assert "changed by hand" in left
    assert os.readlink(tmp_path / "enabled") == "mine"


def test_link_of_an_earlier_version_counts_as_unchanged(working, tmp_path, backups):
    """Its journal does not say where the link pointed to."""
    (tmp_path / "enabled").symlink_to("../available")
    Journal(backups, "nginx", None).remember("link", str(tmp_path / "enabled"), {"target": None})
    change = Link(tmp_path / "enabled", "../other")
    assert not probe(change, working()).edited
    working().make(change)
    assert os.readlink(change.path) == "../other"


def test_kept_version_of_a_private_file_never_gets_more_permissions(working, tmp_path, undo, events):
    path = tmp_path / "env"
    working("gunicorn", "blog").make(ours(path, "KEY=1\n", mode=0o600, secret=True))
    path.write_text("KEY=mine\n")
    path.chmod(0o644)
    working("gunicorn", "blog", overwrite=True).make(ours(path, "KEY=1\n", mode=0o600, secret=True))
    assert "--mode=0600" in notes(events)[0]
    undo("gunicorn", "blog")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("KEY=mine\n", 0o600)


def test_journal_keeps_the_newest_versions_of_a_file(working, tmp_path, backups):
    working().make(ours(tmp_path / "f"))
    for number in range(MOST_VERSIONS + 3):
        (tmp_path / "f").write_text(f"mine {number}\n")
        working(overwrite=True).make(ours(tmp_path / "f"))
    journal = Journal(backups, "nginx", None)
    kept = [journal.original(one) for one in journal.records() if one["kind"] == "edited"]
    assert kept == [f"mine {number}\n".encode() for number in range(3, MOST_VERSIONS + 3)]
    assert journal.knows("file", str(tmp_path / "f"))
