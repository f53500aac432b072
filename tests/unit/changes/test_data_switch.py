"""Test that a site's data and release change together, even if killed anywhere."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from piwizard.apps import data_mirror
from piwizard.changes.base import ChangeFailed
from piwizard.changes.command import Command
from piwizard.changes.data_copy import Copier, SetupStep
from piwizard.changes.data_switch import DataSwitch
from piwizard.changes.link import Link
from piwizard.changes.transaction import Transaction
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.backups import Backups
from piwizard.engine.run_log import Recorder
from piwizard.engine.undo_journal import Journal
from piwizard.system import files
from tests.unit.namespaces import needs_namespaces

from .conftest import APP_USER, needs_root
from .killing import killed_at_each

pytestmark = needs_root
COPIER = Copier("/usr/bin/python3", Path(data_mirror.__file__), APP_USER)
MIGRATE = "import sqlite3; d = sqlite3.connect('{data}/app.db'); d.execute('alter table note add more'); d.commit()"


@pytest.fixture
def site(open_folder):
    """Return a site in use, with data."""
    return fresh(open_folder)


def fresh(folder: Path) -> Path:
    for path in folder.iterdir():
        shutil.rmtree(path)
    site = folder / "site"
    (site / "data" / "uploads").mkdir(parents=True)
    (site / "data" / "uploads" / "a.txt").write_text("mine")
    (site / "data" / "link").symlink_to("uploads/a.txt")
    with closing(sqlite3.connect(site / "data" / "app.db")) as database:
        database.execute("create table note (title)")
        database.execute("insert into note values ('mine')")
        database.commit()
    for path in (site / "data", *(site / "data").rglob("*")):
        shutil.chown(path, APP_USER, APP_USER, follow_symlinks=False) if sys.version_info >= (3, 13) else _own(path)
    (site / "current").symlink_to("releases/one")
    (site / "data.setup").mkdir()
    return site


def _own(path: Path) -> None:
    if not path.is_symlink():
        shutil.chown(path, APP_USER, APP_USER)


def group(site: Path, proof: str | None = None, code: str = MIGRATE) -> Transaction:
    argv = ("/usr/bin/python3", "-I", "-c", code.format(data=site / "data"))
    marker = site / "releases" / "two" / "prepared" / "marker"
    command = SetupStep("Migrate", argv, marker, APP_USER, Path("/"), "It failed.", proves=("upgrade",))
    data = DataSwitch(site, ("not-there-at-all.service",), COPIER, (command,))
    return Transaction("blog-service", (Link(site / "current", "releases/two"),), verify=lambda: proof, data=data)


def make(folder: Path, change: Transaction) -> None:
    journal = Journal(folder / "backups", "gunicorn", "blog")
    RunApplyContext(Recorder(folder / "run"), Backups(folder / "backups"), journal, overwrite=False).make(change)


def state(site: Path) -> tuple[str, bool, list[str]]:
    """Return the current release, the state of its data, and other files.


    The stored data is always there.
    """
    with closing(sqlite3.connect(site / "data" / "app.db")) as database:
        rows = database.execute("select * from note").fetchall()
    assert rows[0][0] == "mine"
    assert (site / "data" / "uploads" / "a.txt").read_text() == "mine"
    assert str((site / "data" / "link").readlink()) == "uploads/a.txt"
    assert (site / "data" / "uploads" / "a.txt").owner() == APP_USER
    beside = sorted(path.name for path in site.iterdir() if path.name.startswith((".data", "data.")))
    return str((site / "current").readlink()), len(rows[0]) == 2, beside


def test_release_and_data_change_together(site, open_folder):
    make(open_folder, group(site))
    assert state(site) == ("releases/two", True, ["data.setup"])
    make(open_folder, group(site))
    assert state(site) == ("releases/two", True, ["data.setup"])


@pytest.mark.parametrize(
    ("proof", "code"), [("its first page gives 500", MIGRATE), (None, "raise SystemExit('no such column')")]
)
def test_release_and_data_are_rolled_back_together(site, open_folder, proof, code):
    before = (site / "data").stat().st_ino
    with pytest.raises(ChangeFailed):
        make(open_folder, group(site, proof, code))
    assert state(site) == ("releases/one", False, ["data.setup"])
    assert (site / "data").stat().st_ino == before, "the folder is a copy"
    assert not group(site).data.in_sync(None, None)


@needs_namespaces
@pytest.mark.parametrize("every", [pytest.param(1, id="all", marks=pytest.mark.nightly), pytest.param(5, id="sample")])
@pytest.mark.parametrize("proof", [None, "it fails"])
def test_switch_killed_anywhere_is_finished_or_rolled_back(open_folder, proof, every):
    site = fresh(open_folder)

    def run() -> None:
        try:
            make(open_folder, group(site, proof))
        except ChangeFailed:
            return

    seen = set()
    for point in killed_at_each(run, every):
        release, migrated, _ = state(site)
        seen.add((release, migrated))
        run()
        after = state(site)
        ends = {("releases/two", True)} if proof is None else {("releases/one", False), ("releases/two", True)}
        assert after[:2] in ends, f"killed at {point}"
        assert after[2] == ["data.setup"], f"killed at {point}"
        site = fresh(open_folder)
    assert ("releases/one", False) in seen
    assert ("releases/one", True) not in seen, "the old release runs with the new data"


def test_data_on_its_own_disk_is_rolled_back(site, open_folder, monkeypatch):
    def refuses(one: Path, other: Path) -> None:
        raise OSError(errno.EBUSY, "busy", str(one))

    monkeypatch.setattr(files, "exchange", refuses)
    with pytest.raises(ChangeFailed):
        make(open_folder, group(site, "it fails"))
    assert state(site) == ("releases/one", False, ["data.setup"])
    make(open_folder, group(site))
    assert state(site) == ("releases/two", True, ["data.setup"])


@pytest.mark.nightly
def test_switch_with_data_on_its_own_disk_survives_a_kill(open_folder, monkeypatch):
    def refuses(one: Path, other: Path) -> None:
        raise OSError(errno.EXDEV, "another device", str(one))

    monkeypatch.setattr(files, "exchange", refuses)
    site = fresh(open_folder)
    for point in killed_at_each(lambda: make(open_folder, group(open_folder / "site"))):
        make(open_folder, group(site))
        assert state(site) == ("releases/two", True, ["data.setup"]), f"killed at {point}"
        fresh(open_folder)


def test_missing_space_for_a_copy_changes_nothing(site, open_folder, monkeypatch):
    monkeypatch.setattr("piwizard.changes.data_copy.SPARE", 1 << 60)
    with pytest.raises(ChangeFailed, match=r"needs \d+ MB; \d+ MB are free"):
        make(open_folder, group(site))
    assert state(site) == ("releases/one", False, ["data.setup"])


def test_unreadable_data_is_named_and_kept(site, open_folder):
    secret = site / "data" / "of-root"
    secret.write_text("x")
    secret.chmod(0o600)
    with pytest.raises(ChangeFailed, match="of-root: Permission denied"):
        make(open_folder, group(site))
    assert state(site) == ("releases/one", False, ["data.setup"])
    assert secret.read_text() == "x"


def test_link_in_the_data_is_not_followed(site, open_folder):
    outside = open_folder / "outside"
    outside.mkdir()
    (outside / "file").write_text("not theirs")
    (site / "data" / "out").symlink_to(outside)
    make(open_folder, group(site))
    assert (site / "data" / "out").is_symlink()
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").owner() == "root"


def test_copy_of_a_database_in_use_is_complete(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    with closing(sqlite3.connect(source / "app.db")) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table note (title)")
        database.execute("insert into note values ('in the log only')")
        database.commit()
        database.execute("insert into note values ('not committed')")
        data_mirror.mirror(source, target)
    assert [path.name for path in target.iterdir()] == ["app.db"]
    with closing(sqlite3.connect(target / "app.db")) as copy:
        assert copy.execute("select title from note").fetchall() == [("in the log only",)]


def test_mirrored_folder_is_equal(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    for folder, names in ((source, ("a", "b")), (target, ("b", "c"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(f"{folder.name} {name}")
    (target / "a").mkdir()
    (source / "a").chmod(0o640)
    data_mirror.mirror(source, target)
    assert {path.name: path.read_text() for path in target.iterdir()} == {"a": "source a", "b": "source b"}
    assert (target / "a").stat().st_mode & 0o777 == 0o640


def test_command_on_a_copy_does_not_change_the_data(site, working):
    trial = site / "data.trial"
    COPIER.copy(site / "data", trial, working())
    argv = ("/usr/bin/python3", "-I", "-c", f"open('{site}/data/uploads/a.txt', 'w').write('theirs')")
    step = SetupStep("Try", argv, site / "marker", APP_USER, Path("/"), "It failed.", bind=(trial, site / "data"))
    step.apply(working())
    assert (site / "data" / "uploads" / "a.txt").read_text() == "mine"
    assert (trial / "uploads" / "a.txt").read_text() == "theirs"


def test_failed_command_is_named_in_the_hint(site, working):
    sentence = "`flask init-db` was found and does not run."
    step = SetupStep("Try", ("false",), site / "marker", APP_USER, Path("/"), "It fails.", offered=sentence)
    with pytest.raises(ChangeFailed) as failed:
        step.apply(working())
    assert str(failed.value.hint).startswith(sentence)
    assert isinstance(step, Command)
