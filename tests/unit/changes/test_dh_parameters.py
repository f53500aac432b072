"""Test DH parameters: generated in the background, installed whole or not at all."""

from __future__ import annotations

import shutil

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.changes.dh_parameters import Generate, NotGenerating
from piwizard.errors import PiwizardError
from piwizard.system import commands, openssl_dhparam, systemd
from piwizard.system import dhparam_generator as generator
from piwizard.system.commands import Result
from piwizard.system.system_cache import SystemCache
from piwizard.system.systemd import UnitState
from tests.unit.system.test_openssl_dhparam import KNOWN, PEM

from .conftest import needs_root
from .killing import killed_at_each

pytestmark = needs_root


@pytest.fixture
def change(tmp_path, own_places, monkeypatch):
    monkeypatch.setattr(generator, "PROGRESS_FILE", tmp_path / "progress")
    (tmp_path / "etc").mkdir()
    return Generate(tmp_path / "etc" / "dhparam-512.pem", 512)


@pytest.fixture
def systemctl(monkeypatch):
    """Record the commands to systemd; a test sets the state of the unit."""
    asked, run = [], commands.run

    def fake(argv, **options):
        if argv[0] != "systemctl":
            return run(argv, **options)
        asked.append(argv[1])
        return Result(tuple(argv), 0, "", "", (), 0.0)

    monkeypatch.setattr(commands, "run", fake)
    monkeypatch.setattr(systemd, "read_states", lambda names: dict.fromkeys(names, asked_state[0]))
    asked_state = [systemd.MISSING_UNIT]
    return asked, asked_state


def generate(content=PEM):
    generator.generator_folder().mkdir(parents=True, exist_ok=True)
    generator.generated_file().write_bytes(content)


def in_place(change):
    return [path.name for path in change.path.parent.iterdir()]


def test_generate_starts_the_unit_and_leaves_the_rest_to_it(change, working, systemctl):
    work = working()
    assert work.make(change)
    assert work.continued_by is generator.JOB
    assert systemctl[0] == ["stop", "daemon-reload", "start"]
    assert generator.partial_file().read_bytes() == b""
    assert in_place(change) == []


@pytest.mark.parametrize(("stale", "asked"), [(False, []), (True, ["stop", "daemon-reload", "start"])])
def test_generate_restarts_the_unit_only_where_its_file_has_changed(change, working, systemctl, stale, asked):
    systemctl[1][0] = UnitState(exists=True, file="static", active="active", stale=stale)
    work = working()
    assert change.probe(SystemCache(), work).pending is not stale
    assert work.make(change)
    assert (systemctl[0], work.continued_by) == (asked, generator.JOB)


def test_generate_puts_generated_parameters_in_place(change, working):
    generate()
    assert working().make(change)
    assert change.path.read_bytes() == PEM
    assert not generator.generator_folder().exists()
    assert not working().make(change)


@pytest.mark.parametrize("wrong", [PEM[:80], KNOWN.read_bytes(), b""])
def test_generate_starts_again_where_parameters_are_not_whole_or_of_another_size(change, working, systemctl, wrong):
    generate(wrong)
    work = working()
    assert work.make(change)
    assert work.continued_by
    assert in_place(change) == []
    assert not generator.generated_file().exists()


def test_generate_keeps_a_file_edited_by_hand_without_a_yes(change, working, systemctl):
    generate()
    assert working().make(change)
    change.path.write_bytes(KNOWN.read_bytes())
    assert change.probe(SystemCache(), working()).edited
    with pytest.raises(ChangeFailed, match="not as piwizard wrote it"):
        working().make(change)
    assert change.path.read_bytes() == KNOWN.read_bytes()
    assert working(overwrite=True).make(change)
    assert change.path.read_bytes() == KNOWN.read_bytes(), "the old parameters stay until new ones exist"
    generate()
    assert working().make(change), "the unit starts this run, and the user has confirmed it before"
    assert change.path.read_bytes() == PEM


def test_undo_stops_the_unit_and_removes_its_files(change, working, undo, systemctl):
    working().make(change)
    generate()
    working().make(change)
    generate()
    systemctl[0].clear()
    assert undo() == []
    assert systemctl[0] == ["stop"]
    assert in_place(change) == []
    assert not generator.generator_folder().exists()


def test_undo_reads_records_of_earlier_versions(tmp_path, working, undo):
    begun = tmp_path / ".dhparam-2048.pem.begun"
    begun.touch()
    working().remember("dhparam", str(begun), {})
    assert undo() == []
    assert not begun.exists()


def test_not_generating_stops_the_unit(change, working, systemctl):
    assert not working().make(NotGenerating())
    working().make(change)
    systemctl[0].clear()
    assert working().make(NotGenerating())
    assert systemctl[0] == ["stop"]
    assert not working().make(NotGenerating())


def test_generate_killed_at_any_call_leaves_whole_parameters_or_none(change, tmp_path, working):
    points = 0
    generate()
    for point in killed_at_each(lambda: working().make(change)):
        assert not change.path.exists() or change.path.read_bytes() == PEM, f"killed at {point}"
        working().make(change)
        assert in_place(change) == [change.path.name], f"killed at {point}"
        assert change.path.read_bytes() == PEM, f"killed at {point}"
        assert not generator.generator_folder().exists(), f"killed at {point}"
        for folder in ("etc", "backups", "run-1"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
        change.path.parent.mkdir()
        generate()
        points += 1
    assert points > 5


def test_generator_creates_complete_parameters_once(change):
    generator.generator_folder().mkdir(parents=True)
    generator.partial_file().touch()
    generator.generate(512)
    found = generator.generated_file().read_bytes()
    assert openssl_dhparam.parse_parameters(found).bits == 512
    assert "." in generator.PROGRESS_FILE.read_text()
    assert not generator.partial_file().exists()
    generator.generate(512)
    assert generator.generated_file().read_bytes() == found


def test_generator_that_fails_keeps_the_request(change):
    generator.generator_folder().mkdir(parents=True)
    generator.partial_file().touch()
    with pytest.raises(PiwizardError, match="could not generate"):
        generator.generate(8)
    assert not generator.generated_file().exists()
    assert generator.partial_file().exists(), "the unit starts again at boot"


def test_progress_is_counted_from_the_dots_of_openssl(change):
    assert generator.read_progress().text == "generating, 0 %"
    generator.generator_folder().mkdir(parents=True)
    generator.partial_file().touch()
    heading = b"Generating DH parameters, 2048 bit long safe prime\n"
    generator.PROGRESS_FILE.write_bytes(heading + b".+." * round(openssl_dhparam.expected_candidates(2048) * 0.17))
    assert generator.read_progress().percent == pytest.approx(34, abs=1)
    assert generator.read_progress().text.startswith(
        f"generating, {generator.read_progress().percent} %: 1 s so far, usually "
    )
    generator.PROGRESS_FILE.write_bytes(heading + b"." * 20_000)
    assert "longer than the usual" in generator.read_progress().text
    assert generator.read_progress().percent == 99
    generate()
    assert generator.read_progress().percent == 100
