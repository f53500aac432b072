"""Test measured memory over versions of similar size, and the number of workers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from piwizard.apps.memory_usage import MemoryUsage, measurement_to_keep, read_memory_usage, workers_and_threads
from piwizard.apps.open_streams import slots_for
from piwizard.apps.process_model import SOCKETIO, STATE, STREAM, ProcessFinding, ProcessModel
from piwizard.system.facts import Facts, gather
from tests.recorded_machine import RecordedSource

SAMPLE = Path(__file__).parents[1] / "system" / "samples" / "pi4-trixie"
SMALL, LARGE = MemoryUsage(26, 30), MemoryUsage(30, 200)


def board(total: int, cores: int) -> Facts:
    known = gather(RecordedSource(SAMPLE))
    return dataclasses.replace(known, cores=cores, memory=dataclasses.replace(known.memory, total=total))


@pytest.mark.parametrize(
    ("total", "cores", "app", "wanted"),
    [
        (430, 1, None, (1, 16)),  # Zero W
        (430, 4, None, (2, 16)),  # Zero 2 W
        (920, 4, None, (2, 16)),  # Pi 3
        (1850, 4, None, (4, 16)),
        (3790, 4, None, (4, 16)),  # Pi 4
        (7900, 1, None, (2, 16)),
        (15900, 32, None, (4, 16)),
        (430, 1, SMALL, (1, 16)),
        (430, 4, SMALL, (4, 16)),
        (430, 4, LARGE, (1, 32)),
        (920, 4, LARGE, (1, 32)),
        (1850, 4, LARGE, (3, 16)),
        (7900, 4, LARGE, (4, 16)),
        (430, 4, MemoryUsage(400, 900), (1, 32)),
        (430, 4, MemoryUsage(26, 0), (4, 16)),
    ],
)
def test_worker_count_fits_the_board(total: int, cores: int, app: MemoryUsage | None, wanted: tuple[int, int]) -> None:
    assert workers_and_threads(board(total, cores), app) == wanted


@pytest.mark.parametrize(
    ("total", "kinds", "wanted"),
    [
        (3790, (STATE,), (1, 32)),
        (430, (STATE,), (1, 32)),
        (3790, (STREAM,), (4, 72)),
        (3790, (SOCKETIO,), (1, 144)),
        (430, (SOCKETIO,), (1, 72)),
    ],
)
def test_worker_count_fits_the_app(total: int, kinds: tuple[str, ...], wanted: tuple[int, int]) -> None:
    model = ProcessModel(tuple(ProcessFinding(kind, "does it", "app.py", 1) for kind in kinds))
    assert workers_and_threads(board(total, 4), None, model) == wanted
    assert STREAM not in kinds or wanted[0] * slots_for(wanted[1]) >= 50
    assert SOCKETIO not in kinds or slots_for(wanted[1]) >= 50


def said(master: int, worker: int) -> str:
    measured = f"Memory after loading: {master} MB, plus {worker} MB per worker."
    return f"gunicorn\n{measured}\nThe first page returned status 200."


def test_similar_memory_usage_keeps_the_value_before() -> None:
    assert measurement_to_keep(said(26, 61), None) == {"master": 26, "worker": 61}
    assert measurement_to_keep(said(27, 66), MemoryUsage(26, 61)) == {"master": 26, "worker": 61}
    assert measurement_to_keep(said(27, 80), MemoryUsage(26, 61)) == {"master": 27, "worker": 80}


def test_memory_usage_without_a_measurement_keeps_the_value_before() -> None:
    assert measurement_to_keep("How much memory it takes could not be measured: OSError.", None) == {}
    assert measurement_to_keep("nothing", MemoryUsage(26, 61)) == {"master": 26, "worker": 61}


@pytest.mark.parametrize("content", [None, "", "torn {", "[]", "{}", '{"measured": {}}', '{"measured": {"master": 1}}'])
def test_proof_without_a_measurement_has_no_memory_usage(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "proven.json").write_text(content)
    assert read_memory_usage(tmp_path / "proven.json") is None


def test_proof_with_a_measurement_has_the_memory_usage(tmp_path: Path) -> None:
    (tmp_path / "proven.json").write_text(json.dumps({"argv": ["a:b"], "measured": {"master": 26, "worker": 61}}))
    assert read_memory_usage(tmp_path / "proven.json") == MemoryUsage(26, 61)


def test_lines_that_the_app_prints_itself_are_no_measurement(tmp_path: Path) -> None:
    hostile = f"Memory after loading: {'9' * 5000} MB, plus {'9' * 400} MB per worker.\n{said(1, 1)}\n"
    assert measurement_to_keep(f"{hostile}{said(26, 61)}", None) == {"master": 26, "worker": 61}
    assert measurement_to_keep(hostile.partition("\n")[0], None) == {}
    (tmp_path / "proven.json").write_text(f'{{"measured": {{"master": 1, "worker": 1{"0" * 400}}}}}')
    assert read_memory_usage(tmp_path / "proven.json") is None
