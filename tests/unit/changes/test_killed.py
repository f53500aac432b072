"""Kill every kind of change before each operation, and apply it again."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from piwizard.changes import UNDO
from piwizard.changes.base import ChangeFailed
from piwizard.changes.file import AbsentFile, EditedFile, File
from piwizard.changes.folder import Folder
from piwizard.changes.git_checkout import GitCheckout
from piwizard.changes.link import Link
from piwizard.changes.log_file import LogFile
from piwizard.changes.persistent_path import PersistentPath
from piwizard.changes.prune import Prune
from piwizard.changes.publish import Publish
from piwizard.changes.transaction import Activation, Transaction
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.backups import Backups
from piwizard.engine.run_log import Recorder
from piwizard.engine.undo_journal import Journal
from piwizard.system.files import Owner

from .conftest import APP_USER, needs_root, tree
from .killing import killed_at_each

pytestmark = needs_root
SOME_POINTS_BY_DAY = pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.nightly)])
"""A group starts programs before and after each kill. Its files are killed at every point by day, too."""


def edit(text):
    return text if "ours" in text else f"{text}ours = yes\n"


def before(there):
    """Prepare what each of the changes below expects."""
    there.mkdir()
    there.chmod(0o755)
    (there / "conf").write_text("# theirs\n")
    (there / "link").symlink_to("theirs")
    (there / "open.log").write_text("a visitor\n")
    (there / "enabled").mkdir()
    code = there / "code"
    (code / "uploads" / "deep").mkdir(parents=True)
    (code / "uploads" / "deep" / "first.txt").write_text("of the repository")
    (code / "result.json").write_text("{}")
    (code / "static").mkdir()
    (code / "static" / "style.css").write_text("a { color: red }\n" * 40)
    (code / "robots.txt").write_text("User-agent: *\n")
    (there / "data").mkdir()
    shutil.chown(there / "data", APP_USER, APP_USER)


def site_group(there, validate=("true",), **more):
    members = (
        File(there / "enabled" / "site", "server {}\n"),
        EditedFile(there / "conf", edit, "a line"),
        Link(there / "enabled" / "link", "../site"),
        Link(there / "link", None),
    )
    return Transaction("site", members, validate=validate, activate=(Activation(("true",)),), **more)


CHANGES = {
    "a new file": lambda there: [File(there / "new", "ours\n", 0o600, secret=True)],
    "a file that we wrote before": lambda there: [File(there / "new", "one\n"), File(there / "new", "two\n")],
    "a file of ours that goes": lambda there: [
        File(there / "new", "1\n"),
        AbsentFile(there / "new"),
        Folder(there / "a"),
    ],
    "an edit": lambda there: [EditedFile(there / "conf", edit, "a line")],
    "a new link": lambda there: [Link(there / "new", "conf")],
    "a link that led elsewhere": lambda there: [Link(there / "link", "ours")],
    "a link that goes": lambda there: [Link(there / "link", None)],
    "a log that anybody may read": lambda there: [LogFile(there / "open.log", Owner(APP_USER, APP_USER))],
    "a new log": lambda there: [LogFile(there / "new.log", Owner(APP_USER, APP_USER))],
    "a folder": lambda there: [Folder(there / "a" / "b", 0o750, Owner(APP_USER, APP_USER))],
    "a group": lambda there: [site_group(there)],
    "a folder to keep": lambda there: [PersistentPath(there / "code", there / "data", "uploads", APP_USER)],
    "a file to keep": lambda there: [PersistentPath(there / "code", there / "data", "result.json", APP_USER)],
    "a new folder to keep": lambda there: [PersistentPath(there / "code", there / "data", "instance/deep", APP_USER)],
    "what is published": lambda there: [
        Publish(there / "code", there / "public", (("static", "static"), ("robots.txt", "robots.txt")), there / "data")
    ],
}


def make(folder, changes):
    """Run the engine once over these changes."""
    journal = Journal(folder / "backups", "step", None)
    work = RunApplyContext(Recorder(folder / "run"), Backups(folder / "backups"), journal, overwrite=False)
    for change in changes:
        work.make(change)


def fresh(folder):
    """Return a folder in which nothing was done."""
    for path in folder.iterdir():
        shutil.rmtree(path)
    before(folder / "there")


@pytest.mark.parametrize("name", CHANGES)
def test_change_killed_anywhere_can_be_applied_again(open_folder, name, tmp_path):
    there = open_folder / "there"
    fresh(open_folder)
    make(open_folder, CHANGES[name](there))
    wanted = tree(there)
    fresh(open_folder)
    original, points = tree(there), 0
    assert wanted != original
    for point in killed_at_each(lambda: make(open_folder, CHANGES[name](there))):
        make(open_folder, CHANGES[name](there))
        assert tree(there) == wanted, f"killed at {point}"
        journal = Journal(open_folder / "backups", "step", None)
        assert not (open_folder / "backups" / "unfinished" / "site.json").exists()
        assert len({(one["kind"], one["target"]) for one in journal.records() if "before" in one}) == len(
            [one for one in journal.records() if "before" in one]
        )
        fresh(open_folder)
        points += 1
    assert points > 2


@SOME_POINTS_BY_DAY
def test_refused_group_changes_nothing_after_a_kill(open_folder, every):
    """Kill a refused group while it writes, while it checks, and while it rolls back."""
    there, points = open_folder / "there", 0

    def refused():
        try:
            make(open_folder, [site_group(there, validate=("false",))])
        except ChangeFailed:
            return
        raise AssertionError("the configuration was not refused")

    fresh(open_folder)
    original = tree(there)
    for point in killed_at_each(refused, every):
        refused()
        assert tree(there) == original, f"killed at {point}"
        fresh(open_folder)
        points += 1
    assert points > 20 / every


@SOME_POINTS_BY_DAY
def test_activation_missed_by_a_kill_follows_later(open_folder, every):
    """Activate the service in the next run, if the files were accepted before."""
    there = open_folder / "there"
    fresh(open_folder)
    told = open_folder / "told"
    group = site_group(there)
    group = Transaction(group.name, group.changes, group.validate, (Activation(("touch", str(told))),))
    for point in killed_at_each(lambda: make(open_folder, [group]), every):
        make(open_folder, [group])
        assert told.exists(), f"killed at {point}"
        told.unlink()
        fresh(open_folder)


def undone(folder):
    """Undo the step as the engine does."""
    journal = Journal(folder / "backups", "step", None)
    work = RunApplyContext(Recorder(folder / "run"), Backups(folder / "backups"), journal, overwrite=False)
    for record in [record for record in journal.records() if record["kind"] in UNDO][::-1]:
        UNDO[record["kind"]](record, work)
    journal.forget()


def test_undo_after_a_kill_leaves_nothing_behind(open_folder):
    """Leave no file or folder behind, since it may contain a secret."""
    there = open_folder / "there"
    changes = [Folder(there / "a"), File(there / "a" / "env", "KEY=s3cret\n", 0o600), Link(there / "a" / "now", "env")]
    fresh(open_folder)
    original = tree(there)
    for point in killed_at_each(lambda: make(open_folder, changes)):
        undone(open_folder)
        assert tree(there) == original, f"killed at {point}"
        fresh(open_folder)


def test_folder_killed_during_its_removal_is_created_again(open_folder):
    """Create a folder again that was removed only in part."""
    there = open_folder / "there"
    names = [f"r{number}" for number in range(6)]

    def begin():
        fresh(open_folder)
        make(open_folder, [Folder(there / "releases", whole=True)])
        for name in names:
            (there / "releases" / name).write_text(name)

    begin()
    for point in killed_at_each(lambda: undone(open_folder)):
        left = there / "releases"
        assert not left.exists() or [path.name for path in sorted(left.iterdir())] == names, f"killed at {point}"
        undone(open_folder)
        assert [path.name for path in there.iterdir() if "releases" in path.name] == [], f"killed at {point}"
        begin()


def test_partly_removed_release_does_not_count(open_folder):
    """Do not count a release that was removed in part among those that are kept."""
    there = open_folder / "there"

    def begin():
        fresh(open_folder)
        for age, name in enumerate(("r4", "r3", "r2", "r1")):
            (there / "releases" / name).mkdir(parents=True)
            for file in ("app", "proven.json"):
                (there / "releases" / name / file).write_text(name)
            os.utime(there / "releases" / name, (10_000 - age, 10_000 - age))
        (there / "current").symlink_to("releases/r4")

    prune = Prune(there / "releases", there / "current")
    begin()
    make(open_folder, [prune])
    wanted = [path.name for path in sorted((there / "releases").iterdir())]
    assert "r1" not in wanted
    begin()
    for point in killed_at_each(lambda: make(open_folder, [prune])):
        make(open_folder, [prune])
        assert [path.name for path in sorted((there / "releases").iterdir())] == wanted, f"killed at {point}"
        assert all((there / "releases" / name / "proven.json").exists() for name in wanted)
        begin()


def test_checkout_killed_anywhere_can_be_repeated(open_folder):
    """Kill the run at every tenth point only: each one clones the repository again."""
    repo, there = open_folder / "repo", open_folder / "there"
    repo.mkdir()
    run = ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*run, "init", "--quiet", "--initial-branch=main"], check=True)
    (repo / "app.py").write_text("app = 1\n")
    (repo / "bin").mkdir()
    (repo / "bin" / "run").write_text("#!/bin/sh\n")
    (repo / "bin" / "run").chmod(0o755)
    subprocess.run([*run, "add", "."], check=True)
    subprocess.run([*run, "commit", "--quiet", "-m", "one"], check=True)
    commit = subprocess.run([*run, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    change = GitCheckout(there / "release", str(repo), "main", commit, APP_USER)
    there.mkdir()
    make(open_folder, [change])
    assert change.probe(None, None).in_sync
    wanted = {path: seen for path, seen in tree(there).items() if ".git" not in path}
    assert wanted["release/app/bin/run"][0] == "0o100750"
    assert wanted["release/app/app.py"][0] == "0o100640"
    shutil.rmtree(there)
    for point in killed_at_each(lambda: make(open_folder, [change]), every=10):
        assert not change.probe(None, None).in_sync
        make(open_folder, [change])
        assert {path: seen for path, seen in tree(there).items() if ".git" not in path} == wanted, f"killed at {point}"
        shutil.rmtree(there)
