"""Test that files are written and edited, but edits by hand are kept.

Undo restores every byte.
"""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piwizard.changes import UNDO
from piwizard.changes.base import ChangeFailed
from piwizard.changes.file import EditedFile, File
from piwizard.changes.link import Link
from piwizard.engine import event_format
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.backups import Backups
from piwizard.engine.run_log import Recorder
from piwizard.engine.undo_journal import Journal
from piwizard.system.files import Owner

from .conftest import tree, whole

ME = Owner(pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name)


def ours(path, content="ours\n", **more):
    return File(path, content, owner=ME, **more)


def edited(path, line="ours = yes"):
    return EditedFile(path, lambda text: text if line in text else f"{text}{line}\n", "a line of ours")


def test_file_is_written_once(working, tmp_path, events):
    work, change = working(), ours(tmp_path / "f", mode=0o600)
    assert "+ours" in change.probe(work.machine, work).diff
    assert work.make(change)
    assert (tmp_path / "f").read_text() == "ours\n"
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "f").stat().st_mtime_ns
    assert not working().make(change)
    assert (tmp_path / "f").stat().st_mtime_ns == before
    assert [event["path"] for event in events() if event["event"] == "file-written"] == [str(tmp_path / "f")]


def test_file_with_another_mode_is_corrected(working, tmp_path):
    working().make(ours(tmp_path / "f"))
    (tmp_path / "f").chmod(0o666)
    preview = ours(tmp_path / "f").probe(working().machine, working())
    assert "mode 0644" in preview.diff
    assert not preview.edited
    assert working().make(ours(tmp_path / "f"))
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o644


def test_file_of_another_author_is_kept(working, tmp_path):
    (tmp_path / "f").write_text("theirs\n")
    assert ours(tmp_path / "f").probe(working().machine, working()).edited
    for overwrite in (False, True):
        with pytest.raises(ChangeFailed, match="piwizard did not write it"):
            working(overwrite=overwrite).make(ours(tmp_path / "f"))
    assert (tmp_path / "f").read_text() == "theirs\n"


@pytest.mark.parametrize("target", ["target", "nowhere"])
def test_link_of_another_author_is_kept(working, tmp_path, target):
    (tmp_path / "target").write_text("ours\n")
    (tmp_path / "f").symlink_to(target)
    with pytest.raises(ChangeFailed, match="piwizard did not write it"):
        working().make(ours(tmp_path / "f"))
    assert os.readlink(tmp_path / "f") == target


def test_folder_in_place_of_the_file_is_kept(working, tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(ChangeFailed, match="is a folder"):
        working().make(ours(tmp_path / "f"))


def test_equal_file_of_another_author_is_accepted_and_kept(working, tmp_path, undo):
    (tmp_path / "f").write_text("ours\n")
    assert not working().make(ours(tmp_path / "f"))
    assert undo() == []
    assert (tmp_path / "f").exists()


def test_edit_by_hand_needs_a_yes(working, tmp_path):
    working().make(ours(tmp_path / "f"))
    (tmp_path / "f").write_text("ours, edited\n")
    preview = ours(tmp_path / "f").probe(working().machine, working())
    assert preview.edited
    assert "-ours, edited" in preview.diff
    with pytest.raises(ChangeFailed, match="edited by hand"):
        working().make(ours(tmp_path / "f"))
    assert (tmp_path / "f").read_text() == "ours, edited\n"
    working(overwrite=True).make(ours(tmp_path / "f"))
    assert (tmp_path / "f").read_text() == "ours\n"


def replaced(working, path, *versions, change=None):
    """Write each version by hand, and replace it after a yes."""
    working().make(change or ours(path))
    for version in versions:
        path.write_text(version)
        path.chmod(0o640)
        working(overwrite=True).make(change or ours(path))


def test_replaced_edit_is_kept_and_named(working, tmp_path, backups, events):
    replaced(working, tmp_path / "f", "ours, edited\n")
    written = [event for event in events() if event["event"] == "file-written"]
    kept = Path(written[-1]["backup"])
    assert kept.read_text() == "ours, edited\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert f"wrote {tmp_path / 'f'} (the previous version is kept as {kept})" in event_format.line(written[-1])
    (note,) = [event["text"] for event in events() if event["event"] == "note"]
    command = f"sudo install --mode=0640 --owner={os.getuid()} --group={os.getgid()} {kept} {tmp_path / 'f'}"
    assert note == (
        f"{tmp_path / 'f'} was edited by hand before, and your version is kept. "
        f"To restore it: `{command}` or `piwizard undo nginx`."
    )


def test_undo_restores_a_replaced_edit(working, tmp_path, undo):
    replaced(working, tmp_path / "f", "first of mine\n", "second of mine\n")
    left = undo()
    assert (tmp_path / "f").read_text() == "second of mine\n"
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640
    assert "was edited by hand" in left[-1]
    earlier = Path(left[0].partition(" is kept as ")[2].removesuffix("."))
    assert earlier.read_text() == "first of mine\n"


def test_undo_keeps_a_later_edit_instead_of_a_replaced_one(working, tmp_path, undo):
    replaced(working, tmp_path / "f", "first of mine\n")
    (tmp_path / "f").write_text("second of mine\n")
    left = undo()
    assert (tmp_path / "f").read_text() == "second of mine\n"
    assert Path(left[0].partition(" is kept as ")[2].removesuffix(".")).read_text() == "first of mine\n"


def test_undo_restores_a_replaced_edit_and_names_the_original(working, tmp_path, undo):
    path = tmp_path / "conf"
    path.write_text("theirs\n")
    replaced(working, path, "theirs\nours = yes\nmine\n", change=edited(path, "other = 1"))
    assert path.read_text() == "theirs\nours = yes\nmine\nother = 1\n"
    (left,) = undo()
    assert path.read_text() == "theirs\nours = yes\nmine\n"
    assert Path(left.partition("piwizard is kept as ")[2].removesuffix(".")).read_text() == "theirs\n"


def test_link_in_place_of_a_file_needs_a_yes_and_is_restored(working, tmp_path, undo):
    working().make(ours(tmp_path / "f"))
    (tmp_path / "f").unlink()
    (tmp_path / "mine").write_text("ours\n")
    (tmp_path / "f").symlink_to("mine")
    assert ours(tmp_path / "f").probe(working().machine, working()).edited
    with pytest.raises(ChangeFailed, match="edited by hand"):
        working().make(ours(tmp_path / "f"))
    working(overwrite=True).make(ours(tmp_path / "f"))
    undo()
    assert (os.readlink(tmp_path / "f"), (tmp_path / "mine").read_text()) == ("mine", "ours\n")


def test_content_of_another_step_is_no_edit(working, tmp_path, backups):
    working("site", "blog").make(ours(tmp_path / "f"))
    working("certbot", "blog").make(ours(tmp_path / "f", "with TLS\n"))
    working("site", "blog").make(ours(tmp_path / "f", "ours\n"))
    for step in ("site", "certbot"):
        assert not [one for one in Journal(backups, step, "blog").records() if one["kind"] == "edited"]


def test_earlier_content_of_piwizard_is_no_edit(working, tmp_path):
    working().make(ours(tmp_path / "f", "one\n"))
    working().make(ours(tmp_path / "f", "two\n"))
    (tmp_path / "f").write_text("one\n")
    assert not ours(tmp_path / "f", "two\n").probe(working().machine, working()).edited


def test_diff_contains_no_secret(working, tmp_path):
    change = ours(tmp_path / "f", "PASSWORD=hunter2\n", secret=True)
    assert "hunter2" not in change.probe(working().machine, working()).diff
    assert "hunter2" not in repr(change.probe(working().machine, working()))


def test_undo_keeps_a_file_edited_since(working, tmp_path, undo):
    working().make(ours(tmp_path / "f"))
    (tmp_path / "f").write_text("mine\n")
    assert "edited by hand" in undo()[0]
    assert (tmp_path / "f").read_text() == "mine\n"


def test_undo_ignores_a_missing_file(working, tmp_path, undo):
    working().make(ours(tmp_path / "f"))
    (tmp_path / "f").unlink()
    assert undo() == []


def test_undo_restores_a_replaced_link(working, tmp_path, undo):
    """Restore the link; its target never changes."""
    theirs, path = tmp_path / "mine.conf", tmp_path / "ddclient.conf"
    theirs.write_text("password=old\n")
    theirs.chmod(0o600)
    path.symlink_to("mine.conf")
    working(overwrite=True).make(ours(path, "password=new\n", mode=0o600, secret=True, takes_over=True))
    assert not path.is_symlink()
    assert undo() == []
    assert (os.readlink(path), theirs.read_text()) == ("mine.conf", "password=old\n")


def test_edit_in_place_keeps_the_mode_and_follows_links(working, tmp_path, undo):
    (tmp_path / "real").write_text("theirs\n")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "conf").symlink_to("real")
    before = whole(tmp_path)[1][tmp_path / "real"]
    assert working().make(edited(tmp_path / "conf"))
    assert (tmp_path / "conf").is_symlink()
    assert (tmp_path / "real").read_text() == "theirs\nours = yes\n"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    assert not working().make(edited(tmp_path / "conf"))
    assert undo() == []
    assert (tmp_path / "real").read_text() == "theirs\n"
    assert (tmp_path / "real").stat().st_mtime_ns == before


def test_edit_of_a_missing_file_is_refused(working, tmp_path):
    change = edited(tmp_path / "conf")
    assert "is installed with its package" in change.probe(working().machine, working()).diff
    with pytest.raises(ChangeFailed, match="missing"):
        working().make(change)


def test_lines_added_by_a_user_are_kept(working, tmp_path):
    (tmp_path / "conf").write_text("theirs\n")
    working().make(edited(tmp_path / "conf"))
    with (tmp_path / "conf").open("a") as file:
        file.write("more of theirs\n")
    assert edited(tmp_path / "conf").probe(working().machine, working()).in_sync
    preview = edited(tmp_path / "conf", "other = 1").probe(working().machine, working())
    assert preview.edited


NAMES = st.sampled_from(["a", "b", "c", "d"])
CONTENT = st.binary(max_size=40)
BEFORE = st.dictionaries(NAMES, st.one_of(CONTENT, st.sampled_from(["a", "b", "nowhere", "../x"])), max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, st.text(max_size=20)),
        st.tuples(st.just("edit"), NAMES, st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)),
        st.tuples(st.just("link"), NAMES, st.sampled_from(["a", "elsewhere", None])),
    ),
    max_size=8,
)


@settings(max_examples=80)
@given(before=BEFORE, steps=STEPS)
def test_undo_restores_every_byte(before, steps):
    """Restore every byte, for any mix and order of changes."""
    with tempfile.TemporaryDirectory() as name:
        there, backups = Path(name) / "etc", Path(name) / "backups"
        there.mkdir()
        for path, content in before.items():
            if isinstance(content, str):
                (there / path).symlink_to(content)
            else:
                (there / path).write_bytes(content)
        original = whole(there)
        for kind, path, what in steps:
            changes = {
                "write": lambda path=path, what=what: ours(there / path, what),
                "edit": lambda path=path, what=what: edited(there / path, what),
                "link": lambda path=path, what=what: Link(there / path, what),
            }
            work = RunApplyContext(
                Recorder(Path(name) / "run"), Backups(backups), Journal(backups, "s", None), overwrite=True
            )
            try:
                work.make(changes[kind]())
            except (ChangeFailed, OSError, RuntimeError):
                continue  # a loop of links, a link to a missing target
        journal = Journal(backups, "s", None)
        work = RunApplyContext(Recorder(Path(name) / "run"), Backups(backups), journal, overwrite=False)
        left = [UNDO[one["kind"]](one, work) for one in reversed(journal.records()) if one["kind"] in UNDO]
        assert not any(left)
        assert tree(there) == original[0]
        assert whole(there) == original
