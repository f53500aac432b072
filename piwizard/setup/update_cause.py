"""Name the updates that were installed shortly before a problem began."""

from __future__ import annotations

from datetime import timedelta

from piwizard.system.dpkg_log import Upgrade, recent_upgrades

SHORTLY = timedelta(hours=1)
MAX_NAMED = 5


def possible_cause() -> str:
    """Return which updates may have caused what begins now; "" without any."""
    return describe_cause(recent_upgrades(SHORTLY))


def describe_cause(upgraded: list[Upgrade]) -> str:
    """Return a sentence with these updates and the command that undoes them."""
    newest = {one.name: one for one in upgraded}
    if not newest:
        return ""
    shown = list(newest.values())[-MAX_NAMED:]
    more = f" and {len(newest) - MAX_NAMED} more" if len(newest) > MAX_NAMED else ""
    back = " ".join(f"{one.name}={one.old}" for one in shown)
    names = " ".join(one.name for one in shown)
    return (
        f"Updated shortly before: {', '.join(one.text for one in shown)}{more}. To go back: "
        f"`sudo apt-get install --allow-downgrades {back}`, then `sudo apt-mark hold {names}` until it is fixed."
    )
