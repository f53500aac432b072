"""Say whether the setup waits for a restart of the Pi, or continues after it."""

from __future__ import annotations

from piwizard.changes.interface import RESTART, restart_sentence, waiting_for_restart, was_restarted
from piwizard.system.boot_config import INTERFACES

RESTARTED = "The Pi was restarted. Run `piwizard apply` to continue the setup."


def pending_restart() -> str:
    """Return what waits for a restart, and how to continue; "" if nothing does."""
    waiting = waiting_for_restart(tuple(INTERFACES))
    return f"{restart_sentence(waiting)} {RESTART}" if waiting else ""


def restart_notice() -> str:
    """Return what waits for a restart, or that the restart is done; "" if neither."""
    return pending_restart() or (RESTARTED if was_restarted() else "")
