"""Test that restic is ended if it makes no progress, and only then."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.backups import restic, restic_pipe
from piwizard.backups.backup_error import BackupError
from piwizard.backups.restic import ResticRepository
from piwizard.backups.restic_pipe import ResticFailed, receive, send
from piwizard.backups.restic_process import HeardLines
from piwizard.backups.stall_guard import StallGuard
from piwizard.system import commands
from piwizard.system.commands import Process
from tests.unit.backups.conftest import packing, unpacking

PATIENCE = 1.0
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MOST_OF_A_PIPE = b"x" * 40_000


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return an event that is set when the guard has looked for longer than its patience."""
    looked, longer = [0], threading.Event()
    waits = StallGuard._waits_for_us

    def look(guard: StallGuard) -> bool:
        looked[0] += 1
        if looked[0] > 30:
            longer.set()
        return waits(guard)

    monkeypatch.setattr(StallGuard, "_waits_for_us", look)
    return longer


def test_program_that_does_not_read_its_input_is_ended() -> None:
    with pytest.raises(ResticFailed) as failed:
        send(("sleep", "1000"), {}, HeardLines(), lambda pipe: os.write(pipe, MOST_OF_A_PIPE) and None, PATIENCE)
    assert failed.value.stalled
    assert failed.value.result.exit == -signal.SIGINT


def test_blocked_writer_continues_when_the_program_is_ended() -> None:
    def endless(pipe: int) -> None:
        while True:
            os.write(pipe, MOST_OF_A_PIPE)

    with pytest.raises(ResticFailed) as failed:
        send(("sleep", "1000"), {}, HeardLines(), endless, PATIENCE)
    assert failed.value.stalled


def test_program_that_has_read_everything_and_never_ends_is_ended() -> None:
    reads_all = ("sh", "-c", "cat > /dev/null; exec sleep 1000")
    with pytest.raises(ResticFailed) as failed:
        send(reads_all, {}, HeardLines(), lambda pipe: os.write(pipe, MOST_OF_A_PIPE) and None, PATIENCE)
    assert failed.value.stalled


def test_program_that_ignores_the_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("piwizard.backups.stall_guard.END_SECONDS", 0.2)
    with pytest.raises(ResticFailed) as failed:
        send(("sh", "-c", "trap '' INT; sleep 1000"), {}, HeardLines(), lambda pipe: None, PATIENCE)
    assert failed.value.stalled
    assert failed.value.result.exit == -signal.SIGKILL


def test_program_without_output_is_ended() -> None:
    with pytest.raises(ResticFailed) as failed:
        receive(("sleep", "1000"), {}, HeardLines(), lambda pipe: os.read(pipe, 1) and None, PATIENCE)
    assert failed.value.stalled


def test_slow_writer_is_waited_for(pauses: threading.Event) -> None:
    """An app's database may take minutes to copy."""
    send(("cat",), {}, HeardLines(), lambda pipe: pauses.wait(60) and None, PATIENCE)
    assert pauses.is_set()


def test_slow_reader_is_waited_for(pauses: threading.Event) -> None:
    def read(pipe: int) -> None:
        assert pauses.wait(60)
        while os.read(pipe, 1 << 16):
            pass

    receive(("head", "-c", "1000000", "/dev/zero"), {}, HeardLines(), read, PATIENCE)


@pytest.fixture
def last_started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Process]]:
    """Let a test get the last process that was started."""
    started: list[Process] = []
    start = commands.start

    def keep(*arguments: object, **options: object) -> Process:
        started.append(start(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(restic_pipe.commands, "start", keep)
    monkeypatch.setattr(restic, "FOLDER_PATIENCE", PATIENCE)
    monkeypatch.setattr("piwizard.backups.stall_guard.END_SECONDS", 0.2)  # a stopped process hears no other signal
    yield lambda: started[-1]
    for process in started:
        process.signal(signal.SIGKILL)


@pytest.mark.parametrize(("free", "reason"), [(0, "full"), (1 << 40, "away")])
def test_backup_without_progress_is_ended_and_the_next_one_works(
    repository: ResticRepository,
    last_started: Callable[[], Process],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    free: int,
    reason: str,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr(restic.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))

    def stop(pipe: int) -> None:
        last_started().signal(signal.SIGSTOP)
        packing(data)(pipe)

    with pytest.raises(BackupError) as failed:
        repository.save("site-blog.tar", "pi", NOW, stop)
    assert failed.value.reason == reason
    assert repository.snapshots() == []
    repository.unlock()
    repository.save("site-blog.tar", "pi", NOW, packing(data))
    [snapshot] = repository.snapshots()

    def stop_reading(pipe: int) -> None:
        last_started().signal(signal.SIGSTOP)
        unpacking(tmp_path / "restored", [])(pipe)

    with pytest.raises(BackupError):
        repository.load(snapshot, stop_reading)
