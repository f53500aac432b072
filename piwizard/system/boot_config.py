"""Read and edit config.txt, which turns the interfaces of a Raspberry Pi on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from piwizard.system.lazy_dataclass import dataclass

CONFIG_FILES = (Path("/boot/firmware/config.txt"), Path("/boot/config.txt"))
SECTION = re.compile(r"\s*\[([^\]]+)\]")
"""A filter such as [pi4], [gpio4=1] or [HDMI:0]: what follows is for such boards only."""
MAX_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True)
class BootInterface:
    """An interface that config.txt turns on.

    `line` does so, `on` and `off` match the lines that decide it. `nodes` are paths below / of which one exists while
    it works. `raspi_config` is its name for `raspi-config nonint do_…`, `module` a kernel module that it needs too.
    """

    label: str
    line: str
    on: re.Pattern[str]
    off: re.Pattern[str]
    nodes: tuple[str, ...]
    raspi_config: str = ""
    module: str = ""


def _parameter(names: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches a device tree parameter that is on, and one that is off."""
    before = rf"\s*(?:dtparam|device_tree_param)\s*=\s*(?:[^#]*,)?(?:{names})"
    return re.compile(rf"{before}(?:=(?:on|true|yes|1))?(?:,|\s|$)"), re.compile(rf"{before}=(?:off|false|no|0)")


NEVER = re.compile(r"(?!)")
INTERFACES = {
    "i2c": BootInterface(
        "I2C", "dtparam=i2c_arm=on", *_parameter("i2c_arm|i2c1|i2c"), ("dev/i2c-[01]",), "i2c", "i2c-dev"
    ),
    "spi": BootInterface("SPI", "dtparam=spi=on", *_parameter("spi"), ("dev/spidev*",), "spi"),
    "1-wire": BootInterface(
        "1-Wire", "dtoverlay=w1-gpio", re.compile(r"\s*dtoverlay\s*=\s*w1-gpio"), NEVER, ("sys/bus/w1",), "onewire"
    ),
    "serial": BootInterface(
        "the serial port",
        "enable_uart=1",
        re.compile(r"\s*enable_uart\s*=\s*1"),
        re.compile(r"\s*enable_uart\s*=\s*0"),
        ("dev/serial0",),
        "serial_hw",
    ),
    "camera": BootInterface(
        "the camera connector",
        "camera_auto_detect=1",
        re.compile(r"\s*(?:camera_auto_detect\s*=\s*1|start_x\s*=\s*1|dtoverlay\s*=\s*(?:imx|ov|arducam|camera)\w*)"),
        re.compile(r"\s*camera_auto_detect\s*=\s*0"),
        ("dev/media*",),
    ),
}
"""By the names of the device classes (system/devices.py)."""


def find_config(files: tuple[Path, ...] = CONFIG_FILES) -> Path | None:
    """Return this Pi's config.txt; None on other machines."""
    return next((path for path in files if path.is_file()), None)


def is_on(name: str, text: str) -> bool:
    """Return whether a config.txt turns an interface on.

    The last line that decides it counts. Lines for certain boards count as for all.
    """
    interface, found = INTERFACES[name], False
    for line in text.splitlines():
        if interface.on.match(line):
            found = True
        elif interface.off.match(line):
            found = False
    return found


def turn_on(name: str, text: str) -> str:
    """Return a config.txt that turns an interface on.

    A line that turns it off, or would turn it on if it were no comment, is replaced; otherwise a line is added.
    """
    if is_on(name, text):
        return text
    interface = INTERFACES[name]
    lines = text.splitlines()
    for number, line in _lines_for_all(lines):
        if interface.off.match(line) or re.fullmatch(rf"#\s*{re.escape(interface.line)}\s*", line):
            return "\n".join([*lines[:number], interface.line, *lines[number + 1 :], ""])
    section = [] if _last_section(lines) in ("", "all") else ["[all]"]
    return "\n".join([*lines, *section, interface.line, ""])


def is_present(name: str, root: Path = Path("/")) -> bool:
    """Return whether the kernel has an interface."""
    return any(any(root.glob(pattern)) for pattern in INTERFACES[name].nodes)


def _lines_for_all(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines for every board, the last one first."""
    section, found = "", []
    for number, line in enumerate(lines):
        if match := SECTION.match(line):
            section = match[1]
        elif section in ("", "all"):
            found.append((number, line))
    yield from reversed(found)


def _last_section(lines: list[str]) -> str:
    return next((match[1] for line in reversed(lines) if (match := SECTION.match(line))), "")
