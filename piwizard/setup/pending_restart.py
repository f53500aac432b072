"""Say whether the setup waits for a restart of the Pi."""

from __future__ import annotations

from piwizard.changes.interface import RESTART, restart_sentence, waiting_for_restart
from piwizard.system.boot_config import INTERFACES


def pending_restart() -> str:
    """Return what waits for a restart, and how to continue; "" if nothing does."""
    waiting = waiting_for_restart(tuple(INTERFACES))
    return f"{restart_sentence(waiting)} {RESTART}" if waiting else ""
