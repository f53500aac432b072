"""The search for parameters: aside, whole or not at all, with words on the way."""

from __future__ import annotations

import shutil

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.changes.dhparam import Generate, Search
from piwizard.engine.stopping import Stopped
from piwizard.machine import dhparam, units
from tests.unit.machine.test_dhparam import KNOWN, PEM

from .conftest import needs_root
from .killing import killed_at_each

pytestmark = needs_root


@pytest.fixture
def change(tmp_path, monkeypatch):
    """A change whose openssl finds the same ones each time, at once."""
    (tmp_path / "found").write_bytes(PEM)
    monkeypatch.setattr(dhparam, "command", lambda bits, out: ("cp", str(tmp_path / "found"), str(out)))
    (tmp_path / "etc").mkdir()
    return Generate(tmp_path / "etc" / "dhparam-512.pem", 512)


def test_found_by_openssl(tmp_path, working, events):
    change = Generate(tmp_path / "dhparam-512.pem", 512)
    assert working().make(change)
    assert not working().make(change)
    assert dhparam.parse(change.path.read_bytes()).bits == 512
    assert not change.aside.exists()
    assert [event["text"] for event in events() if event["event"] == "output"] == ["DH parameters appear to be ok."]
    said = [event["text"] for event in events() if event["event"] == "progress"]
    assert said[-1].startswith("Found after")


@pytest.mark.parametrize("wrong", [PEM[:80], KNOWN.read_bytes(), b""])
def test_what_is_not_whole_or_of_another_size_is_not_put_in_place(change, tmp_path, working, wrong):
    (tmp_path / "found").write_bytes(wrong)
    with pytest.raises(ChangeFailed):
        working().make(change)
    assert list(change.path.parent.iterdir()) == []


def test_what_somebody_put_there_stays(change, working):
    assert working().make(change)
    change.path.write_bytes(KNOWN.read_bytes())
    with pytest.raises(ChangeFailed, match="not as piwizard wrote it"):
        working().make(change)
    assert change.path.read_bytes() == KNOWN.read_bytes()
    assert working(overwrite=True).make(change)
    assert change.path.read_bytes() == PEM


def test_undone(change, working, undo):
    working().make(change)
    change.aside.touch()
    assert undo() == []
    assert list(change.path.parent.iterdir()) == []


@pytest.mark.parametrize(("down", "left"), [(False, []), (True, [".dhparam-512.pem.begun"])])
def test_stopped_by_a_person_or_by_a_reboot(change, working, monkeypatch, down, left):
    """A search that the way down has ended is to be gone on with at the next start."""
    monkeypatch.setattr(units, "shutting_down", lambda: down)

    def stopped(bits, out):
        raise Stopped

    monkeypatch.setattr(dhparam, "command", stopped)
    work = working()
    with pytest.raises(Stopped):
        change.apply(work)
    assert [path.name for path in change.path.parent.iterdir()] == left


def test_applied_again_after_a_kill(change, tmp_path, working):
    points = 0
    for point in killed_at_each(lambda: working().make(change)):
        assert not change.path.exists() or change.path.read_bytes() == PEM, f"killed at {point}"
        working().make(change)
        assert [path.name for path in change.path.parent.iterdir()] == [change.path.name], f"killed at {point}"
        assert change.path.read_bytes() == PEM, f"killed at {point}"
        for folder in ("etc", "backups", "run-1"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
        change.path.parent.mkdir()
        points += 1
    assert points > 5


def test_the_words_on_the_way():
    now, said = [0.0], []
    search = Search(2048, said.append, clock=lambda: now[0])
    for seconds in range(1, 3601):
        now[0] = float(seconds)
        search(".+.")
    assert said[0].startswith("2 s so far, usually 85 min on this board: 4 candidates tried")
    assert "one in 10,200 fits" in said[-1]
    assert len(said) < 120
    assert search.tried == 7200
