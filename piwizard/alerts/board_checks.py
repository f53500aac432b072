"""Check the board: power, temperature, memory, and whether its disk is writable."""

from __future__ import annotations

from collections.abc import Iterator

from piwizard.system import board_sensors
from piwizard.system.checks import Check
from piwizard.system.facts.disk import read_disk
from piwizard.system.facts.memory import read_memory
from piwizard.system.facts.source import FactSource, LiveSource
from piwizard.system.remedies import Advice, RunCommand

MAX_DEGREES = 80.0
"""At this temperature a Pi lowers its clock."""
MIN_MEMORY_MIB, MIN_MEMORY_SHARE = 24, 0.04
CARD_WORN_OUT = (
    RunCommand("dmesg", "to see the errors of the card"),
    Advice("Copy your data, then replace the card: it is often worn out."),
)


def check_board(source: FactSource | None = None) -> Iterator[Check]:
    """Yield the checks of the board. They read a few files of the kernel."""
    machine = source or LiveSource()
    read_only = read_disk(machine).read_only
    yield Check(
        "disk-writable",
        "Disk writable",
        not read_only,
        "the kernel has made it read-only" if read_only else "it accepts writes",
        fix=CARD_WORN_OUT,
    )
    memory = read_memory(machine)
    least = max(MIN_MEMORY_MIB, int(memory.total * MIN_MEMORY_SHARE))
    yield Check(
        "memory-available",
        f"Available memory at least {least} MiB",
        memory.total == 0 or memory.available >= least,
        f"{memory.available} of {memory.total} MiB available",
        fix=(RunCommand("ps aux --sort=-rss | head", "to see which programs use it"),),
    )
    yield from _check_power()


def _check_power() -> Iterator[Check]:
    undervoltage = board_sensors.read_undervoltage()
    if undervoltage is not None:
        yield Check(
            "board-power",
            "Power supply sufficient",
            not undervoltage,
            "the voltage was too low within the last hour" if undervoltage else "no undervoltage",
            fix=(Advice("Use the official power supply and a short cable; low voltage damages the card's data."),),
        )
    degrees = board_sensors.read_temperature()
    if degrees is not None:
        yield Check(
            "board-temperature",
            f"Temperature below {MAX_DEGREES:.0f} °C",
            degrees < MAX_DEGREES,
            f"{degrees:.0f} °C",
            fix=(Advice("Give the board air or a heat sink: it becomes slower to cool down."),),
        )
