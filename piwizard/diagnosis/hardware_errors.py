"""Recognize hardware that the app may not use, or that is not there."""

from __future__ import annotations

import re

from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.boot_config import INTERFACES
from piwizard.system.device_errors import kind_of_error, missing_device
from piwizard.system.devices import DEVICE_CLASSES
from piwizard.system.remedies import Advice, Fix, RunCommand

NOT_OPEN = ("device-not-reachable", "Devices open to the app")
IN_USE = ("device-in-use", "Devices used by one program only")
NOT_THERE = ("device-missing", "Devices of the app present")
NO_CAMERA = re.compile(
    r"No cameras? available|Camera\(s\) not found|Camera is not (?:enabled|detected)|Camera __init__ sequence did not"
)
BUSY = re.compile(r"\[Errno 16\]|GPIO busy|Device or resource busy", re.IGNORECASE)


def hardware_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding for a device that the app cannot use."""
    no_camera = NO_CAMERA.search(failure.text) or _no_camera_in_list(failure)
    kind = "camera" if no_camera else kind_of_error(failure.text)
    if BUSY.search(failure.text) and (kind or context.hardware):
        cause = "Another program uses the device, or another worker of the app does: only one at a time can."
        fix: Fix = (
            Advice("Stop the other program, such as one that you started by hand or as a service."),
            RunCommand(f"systemctl restart {context.site}.service", "after that"),
        )
        return context.finding(IN_USE, failure, cause, fix)
    if kind is None:
        return None
    label = DEVICE_CLASSES[kind].label
    if kind not in context.hardware:
        cause = f"The app uses {label}, which is closed to it: app.hardware does not have {kind}."
        fix = (context.add("app.hardware", kind), context.apply(f"to open {label} to it"))
        return context.finding(NOT_OPEN, failure, cause, fix)
    if no_camera:
        advice = Advice("Check the cable at both ends and turn the Pi off and on, then restart the app.")
        return context.answered(NOT_THERE, failure, "This Pi finds no camera.", (advice,))
    if missing := missing_device(failure.text):
        cause = f"This machine has no {missing}: it is turned off, not connected, or has another name."
        turned_on = (RunCommand("sudo raspi-config", "to turn it on under Interface Options"),)
        advice = Advice("Check that the device is connected, then restart the app.")
        return context.answered(NOT_THERE, failure, cause, (*(turned_on if kind in INTERFACES else ()), advice))
    return None


def _no_camera_in_list(failure: Failure) -> bool:
    """Return whether picamera2 took a camera from its empty list."""
    return failure.kind == "IndexError" and any(one.file.endswith("/picamera2/picamera2.py") for one in failure.frames)
