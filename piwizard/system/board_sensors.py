"""Read the temperature of the board, and whether its power supply is too weak."""

from __future__ import annotations

from pathlib import Path

TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""The power and temperature problems of a Raspberry Pi since its start, as a hexadecimal number."""
UNDERVOLTAGE_BITS = 0x1 | 0x10000


def read_temperature() -> float | None:
    """Return the temperature in degrees Celsius; None if there is no sensor."""
    try:
        return int(TEMPERATURE.read_text()[:20]) / 1000.0
    except (OSError, ValueError):
        return None


def read_undervoltage() -> bool | None:
    """Return whether the voltage was too low since the start; None if unknown."""
    try:
        return bool(int(THROTTLED.read_text()[:20], 16) & UNDERVOLTAGE_BITS)
    except (OSError, ValueError):
        return None
