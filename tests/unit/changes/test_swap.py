"""Test temporary swap during a build, with a simulated kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.changes import swap
from piwizard.changes.swap import NoSwap, SwapSpace
from piwizard.system import commands
from piwizard.system.facts import LiveSource

SMALL = SwapSpace(430, "ext4", 8000)
PROGRAMS = {
    "fallocate": 'truncate --size 4096 "$3"',
    "mkswap": "",
    "swapon": 'echo "$1 file 1048572 0 -2" >> {swaps}',
    "swapoff": 'grep -vF "$1 " {swaps} > {swaps}.new; mv {swaps}.new {swaps}',
}


@pytest.fixture
def swaps(tmp_path, monkeypatch):
    """Simulate the kernel's list of swap files, changed by replaced programs."""
    listed, programs = tmp_path / "swaps", tmp_path / "bin"
    listed.write_text("Filename Type Size Used Priority\n/dev/zram0 partition 440316 0 100\n")
    programs.mkdir()
    for name, does in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\nset -e\n{does.format(swaps=listed)}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setattr(commands, "SEARCH_PATH", f"{programs}:{commands.SEARCH_PATH}")
    monkeypatch.setattr(swap, "SWAPS", listed)
    monkeypatch.setattr("piwizard.system.paths.state_dir", lambda: tmp_path)
    return listed


@pytest.fixture
def room(monkeypatch):
    return lambda found: monkeypatch.setattr(swap, "measure", lambda: found)


def notes(events) -> str:
    return "\n".join(event["text"] for event in events() if event["event"] == "note")


@pytest.mark.parametrize(
    ("found", "enough", "against"),
    [
        (SwapSpace(899, "ext4", 8000), False, None),
        (SwapSpace(900, "ext4", 8000), True, None),
        (SwapSpace(430, "overlay", 8000), False, "the file system overlay does not support it"),
        (SwapSpace(430, "btrfs", 8000), False, "the file system btrfs does not support it"),
        (SwapSpace(430, "", 8000), False, "the file system of its disk does not support it"),
        (SwapSpace(430, "ext4", 2000), False, "2000 MB free, and 2048 MB are needed"),
    ],
)
def test_swap_is_added_only_if_needed_and_possible(found, enough, against):
    assert found.enough == enough
    assert (found.against is None) if against is None else (against in found.against)


def test_swap_measures_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr("piwizard.system.paths.state_dir", lambda: tmp_path / "new")
    kinds = {line.split()[2] for line in (LiveSource().read("/proc/mounts") or "").splitlines()}
    found = swap.measure()
    assert found.together > 100
    assert found.free > 0
    assert found.file_system in kinds
    assert not (tmp_path / "new").exists()


def test_plan_announces_swap(room):
    room(SMALL)
    assert "1024 MB of swap are added during the build" in swap.announced()
    for found in (SwapSpace(4000, "ext4", 8000), SwapSpace(430, "overlay", 8000)):
        room(found)
        assert swap.announced() == ""


def test_swap_exists_only_during_the_build(working, events, swaps, room):
    room(SMALL)
    before = swaps.read_text()
    with swap.for_building(working()):
        assert str(swap.file()) in swaps.read_text()
        assert swap.file().stat().st_mode & 0o777 == 0o600
    assert swaps.read_text() == before
    assert not swap.file().exists()
    assert "430 MB of memory and swap" in notes(events)


def test_swap_is_removed_after_a_failed_build(working, swaps, room):
    room(SMALL)
    with pytest.raises(ZeroDivisionError), swap.for_building(working()):
        raise ZeroDivisionError
    assert not swap.file().exists()


@pytest.mark.parametrize("found", [SwapSpace(4000, "ext4", 8000), SwapSpace(430, "overlay", 8000)])
def test_swap_is_not_added_if_unneeded_or_impossible(working, events, swaps, room, found):
    room(found)
    with swap.for_building(working()):
        assert not swap.file().exists()
    assert ("no swap can be added" in notes(events)) == (not found.enough)
    assert NoSwap().probe(None, None).in_sync


@pytest.mark.parametrize("program", ["fallocate", "mkswap", "swapon"])
def test_build_continues_without_refused_swap(working, events, swaps, room, tmp_path, program):
    room(SMALL)
    (tmp_path / "bin" / program).write_text("#!/bin/sh\necho not permitted >&2\nexit 1\n")
    with swap.for_building(working()):
        assert not swap.file().exists()
    assert "continues without" in notes(events)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", ["fallocate", "mkswap", "swapon"])
def test_swap_of_a_killed_run_is_removed(working, undo, swaps, room, monkeypatch, after):
    """Remove any rest of it after a power cut: in the next run, and by undo."""
    for again in (lambda: working().make(NoSwap()), undo):
        room(SMALL)
        work = working()
        run = work.command

        def until(argv, run=run, **options):
            result = run(argv, **options)
            if argv[0] == after:
                raise Killed
            return result

        monkeypatch.setattr(work, "command", until)
        with pytest.raises(Killed), swap.for_building(work):
            raise AssertionError
        assert swap.file().exists()
        assert not NoSwap().probe(None, None).in_sync
        again()
        assert not swap.file().exists()
        assert str(swap.file()) not in swaps.read_text()


def test_swap_in_use_is_reported(working, events, swaps, room, tmp_path):
    room(SMALL)
    (tmp_path / "bin" / "swapoff").write_text("#!/bin/sh\nexit 1\n")
    with swap.for_building(working()):
        pass
    assert swap.file().exists()
    assert "is still in use" in notes(events)
    assert isinstance(swap.file(), Path)
