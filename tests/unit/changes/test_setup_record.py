"""Test that the record of setup commands stays with the data, and goes with it."""

from __future__ import annotations

import pytest

from piwizard.changes import setup_record
from piwizard.changes.folder import Folder
from piwizard.changes.setup_record import SetupRecorded, marker_name


@pytest.fixture
def site(tmp_path, working):
    folder, work = tmp_path / "blog", working("app", "blog")
    for change in (Folder(folder), SetupRecorded(folder, frozenset({"flask init-db"})), Folder(folder / "data")):
        work.make(change)
    return folder


def take_back(site, working, *, wipe=False):
    work = working("app", "blog")
    work.wipe = wipe
    record = {"kind": "setup", "target": str(site / "data.setup"), "before": {}}
    return setup_record.undo(record, work)


def test_record_is_removed_without_data(site, working):
    assert take_back(site, working) is None
    assert [path.name for path in site.iterdir()] == ["data"]


def test_record_stays_with_the_data(site, working):
    (site / "data" / "app.db").write_text("mine")
    assert "kept with the data" in take_back(site, working)
    assert (site / "data.setup" / "agreed.json").is_file()
    assert take_back(site, working, wipe=True) is None
    assert not (site / "data.setup").exists()


def test_record_stays_if_a_command_ran_on_a_database_server(site, working):
    (site / "data.setup" / marker_name("flask init-db")).write_text('{"argv": ["flask", "init-db"]}')
    assert "kept with the data" in take_back(site, working)


def test_leftover_copy_is_removed_and_possible_data_stays(site, working):
    (site / "data" / "app.db").write_text("mine")
    (site / "data.trial").mkdir()
    (site / "data.next").mkdir()
    (site / "data.setup" / "switch.json").write_text("{}")
    take_back(site, working)
    assert sorted(path.name for path in site.iterdir()) == ["data", "data.next", "data.setup"]
    (site / "data.setup" / "switch.json").unlink()
    take_back(site, working)
    assert sorted(path.name for path in site.iterdir()) == ["data", "data.setup"]


def test_command_is_recorded_once(site, working):
    change = SetupRecorded(site, frozenset({"flask init-db"}))
    assert change.probe(None, None).in_sync
    taken = SetupRecorded(site, frozenset({"flask init-db"}), frozenset({"flask init-db"}), taken=("flask init-db",))
    (sentence,) = taken.probe(None, None).warnings
    assert str(site / "data.setup" / marker_name("flask init-db")) in sentence
    taken.apply(working("app", "blog"))
    assert taken.probe(None, None).in_sync
