"""Test what the kernel says about the power supply."""

from __future__ import annotations

import time

import pytest

from piwizard.system import board_sensors


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Return a function that sets the kernel's bits and the lines of its log."""

    def reports(bits: str | None, *lines: str) -> bool | None:
        throttled = tmp_path / "get_throttled"
        if bits is not None:
            throttled.write_text(f"{bits}\n")
        monkeypatch.setattr(board_sensors, "THROTTLED", throttled)
        monkeypatch.setattr(board_sensors, "_kernel_lines", lambda: iter([line.encode() for line in lines]))
        return board_sensors.read_undervoltage()

    return reports


def line(seconds_ago: float, text: str) -> str:
    return f"2,1200,{max(0, int((time.monotonic() - seconds_ago) * 1e6))},-;{text}\n"


@pytest.mark.parametrize(("bits", "low"), [(None, None), ("0", False), ("50005", True), ("50000", True), ("x", None)])
def test_undervoltage_is_read_from_the_bits(kernel, bits, low):
    assert kernel(bits) is low


def test_undervoltage_of_the_last_hour_is_read_from_the_log(kernel, monkeypatch):
    monkeypatch.setattr(board_sensors.time, "monotonic", lambda: 90_000.0)
    said = "hwmon hwmon1: Undervoltage detected!"
    assert kernel("0", line(60, said)) is True
    assert kernel(None, line(60, said)) is True
    assert kernel("0", line(4000, said)) is False
    assert kernel("0", line(60, "hwmon hwmon1: Voltage normalised"), "garbage\n", "1;Undervoltage detected\n") is False


def test_log_that_cannot_be_read_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(board_sensors, "KERNEL_LOG", tmp_path / "missing")
    assert list(board_sensors._kernel_lines()) == []
