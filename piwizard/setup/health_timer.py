"""A look at everything that was set up, once a week by a timer: what is wrong is said at login until it is mended.

What has changed since the last look goes to the journal, and nothing else does: no news is good news.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from piwizard.engine import run_launch
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Wizard
from piwizard.system import console, files, paths
from piwizard.system.checks import Check

MOTD = Path("/etc/motd.d/piwizard")
"""Shown at each login, as long as it is there."""
WARNING, NOTICE = "<4>", "<5>"
"""How systemd tells lines of a service apart in the journal."""


def watch() -> int:
    """Looks, tells what is new, and keeps it for the next time. Returns the exit code."""
    if run_launch.under_way():
        return 0  # its own checks follow, and services may be down for a moment
    console.say(*refresh())
    return 0


def refresh() -> list[str]:
    """Brings what is said at login up to date. Returns the lines for the journal."""
    found = troubles(workspace.wizard(None), workspace.state())
    before, kept = _known(), paths.state_dir() / "watch.json"
    lines = [console.shown(f"{WARNING}{what}: {text}") for what, text in found.items() if what not in before]
    lines += [f"{NOTICE}{what} is well again." for what in before if what not in found]
    if found:
        files.make_folders(MOTD.parent)
        files.replace(MOTD, _notice(found).encode())
    else:
        MOTD.unlink(missing_ok=True)
    files.make_folders(kept.parent)
    files.replace(kept, json.dumps(sorted(found)).encode())
    return lines


def refresh_if_shown() -> None:
    """After a run: what it has mended shall not be told at the next login."""
    if MOTD.exists():
        refresh()


def troubles(wizard: Wizard, state: State) -> dict[str, str]:
    """What is not as it should be of the steps that are done: a name for it, and what to do."""
    found: dict[str, str] = {}
    for place in wizard.everything():
        entry = state.entry(place.step.name, place.site)
        if entry is None or entry.result != "done":
            continue
        try:
            bad = [check for check in wizard.checks(place) if not check.ok]
        except PiwizardError as error:
            found[place.label] = error.sentence
            continue
        found |= {f"{place.label}, {check.name}": _sentence(check) for check in bad}
    return found


def _sentence(check: Check) -> str:
    return f"{check.detail}. {check.mend}" if check.mend else f"{check.detail}."


def _notice(found: Mapping[str, str]) -> str:
    # What an app or a router has said may be part of it, and a terminal shows this as it is.
    lines = [console.shown(f"  {what}: {text}") for what, text in found.items()]
    return "\n".join(("piwizard: something needs you. `piwizard doctor` says more.", *lines, ""))


def _known() -> list[str]:
    content = files.read(paths.state_dir() / "watch.json")
    try:
        known = json.loads(content or b"[]")
    except ValueError:
        return []
    return [what for what in known if isinstance(what, str)] if isinstance(known, list) else []
