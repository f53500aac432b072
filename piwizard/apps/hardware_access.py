"""Say which hardware an app may use, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.changes.interface import PiInterface
from piwizard.system.boot_config import INTERFACES
from piwizard.system.checks import Check
from piwizard.system.devices import DEVICE_CLASSES
from piwizard.system.remedies import ApplySteps, RunCommand

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig
    from piwizard.apps.hardware import HardwareUse

BUSES = ("i2c", "spi")
UART = re.compile(r"/dev/(?:serial\d|ttyAMA\d|ttyS0)$")
CAMERA_LIBRARIES = ("picamera2", "libcamera")


def hardware_reason(app: AppConfig) -> str:
    """Return where the found hardware shows in the code; "" if there is none."""
    return ", and ".join(use.text for use in _telling_uses(app)[:2])


def hardware_notices(app: AppConfig) -> Sequence[Change]:
    """Return a notice of the hardware that the app may use without an answer."""
    if "app.hardware" in app.answers.values or not app.access.hardware:
        return ()
    labels = [DEVICE_CLASSES[kind].label for kind in app.access.hardware]
    names = ", ".join(labels[:-1]) + " and " + labels[-1] if len(labels) > 1 else labels[0]
    why = "; ".join(use.text for use in _telling_uses(app)[:4])
    sentence = f"The app may use {names}: {why}. To change that, set hardware under [app] of the answers."
    return (Notice("Hardware of the app", sentence),)


def interfaces(app: AppConfig) -> tuple[str, ...]:
    """Return the interfaces that have to be on for the app.

    Those are the ones that it certainly uses: a display library can do without one of its buses, and a camera or a
    serial port may be a USB device.
    """
    if "app.hardware" in app.answers.values:
        certain = set(app.access.hardware)
    else:
        certain = {kind for use in app.access.hardware_uses for kind in use.kinds if not set(BUSES) <= set(use.kinds)}
    uart = any(UART.match(use.device) for use in app.access.hardware_uses)
    connector = any(use.library in CAMERA_LIBRARIES for use in app.access.hardware_uses)
    unproven = {*(() if uart else ("serial",)), *(() if connector else ("camera",))}
    return tuple(name for name in INTERFACES if name in certain & {*app.access.hardware} - unproven)


def interface_changes(app: AppConfig, config: Path | None) -> Sequence[Change]:
    """Return the changes that turn on what the app needs, on a Pi with `config`."""
    return tuple(PiInterface(name, config) for name in interfaces(app)) if config else ()


def restart_check(waiting: tuple[str, ...]) -> Check:
    """Return the failed check of interfaces that need a restart."""
    labels = " and ".join(INTERFACES[name].label for name in waiting)
    return Check(
        "interfaces-started",
        "Interfaces of the Pi work",
        False,
        f"{labels} will be on after a restart",
        cause="They were turned on since the Pi has started.",
        fix=(RunCommand("sudo reboot", "to restart the Pi"), ApplySteps(("app", "gunicorn"), "after that")),
    )


def _telling_uses(app: AppConfig) -> list[HardwareUse]:
    """Return the first use of each device class."""
    first: dict[str, HardwareUse] = {}
    for use in app.access.hardware_uses:
        for kind in use.kinds:
            first.setdefault(kind, use)
    return list(dict.fromkeys(first.values()))
