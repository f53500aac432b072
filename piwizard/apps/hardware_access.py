"""Say which hardware an app may use, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.system.devices import DEVICE_CLASSES

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig
    from piwizard.apps.hardware import HardwareUse


def hardware_reason(app: AppConfig) -> str:
    """Return where the found hardware shows in the code; "" if there is none."""
    return ", and ".join(use.text for use in _telling_uses(app)[:2])


def hardware_notices(app: AppConfig) -> Sequence[Change]:
    """Return a notice of the hardware that the app may use without an answer."""
    if "app.hardware" in app.answers.values or not app.hardware:
        return ()
    labels = [DEVICE_CLASSES[kind].label for kind in app.hardware]
    names = ", ".join(labels[:-1]) + " and " + labels[-1] if len(labels) > 1 else labels[0]
    why = "; ".join(use.text for use in _telling_uses(app)[:4])
    sentence = f"The app may use {names}: {why}. To change that, set hardware under [app] of the answers."
    return (Notice("Hardware of the app", sentence),)


def _telling_uses(app: AppConfig) -> list[HardwareUse]:
    """Return the first use of each device class."""
    first: dict[str, HardwareUse] = {}
    for use in app.hardware_uses:
        for kind in use.kinds:
            first.setdefault(kind, use)
    return list(dict.fromkeys(first.values()))
