"""Refuse a machine that loses all changes at its next restart."""

from __future__ import annotations

from piwizard.errors import PiwizardError
from piwizard.system.facts.disk import read_disk
from piwizard.system.facts.machine_facts import Disk
from piwizard.system.facts.source import LiveSource

DISABLE_OVERLAY = "sudo raspi-config nonint disable_overlayfs"


def require_lasting_disk(disk: Disk | None = None) -> None:
    """Raise PiwizardError if / is an overlay in memory; by default on this machine."""
    if (disk or read_disk(LiveSource())).volatile:
        raise PiwizardError(
            "The overlay file system is on: this Pi loses all changes at its next restart.",
            hint=f"Run `{DISABLE_OVERLAY}`, restart with `sudo reboot`, then continue here. "
            "You can turn it on again when everything is set up; certificates and data would not last then.",
        )
