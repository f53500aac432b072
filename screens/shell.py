"""Use the terminal of the app for a shell or for a command of the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import App


def open_shell(app: App[str]) -> None:
    """Open a root shell in this terminal, and return after `exit`."""
    from piwizard.system import commands, console

    with app.suspend():
        console.say("This is a root shell. `exit` returns to piwizard.")
        commands.run_interactive((os.environ.get("SHELL") or "/bin/sh",))
    app.refresh(layout=True)


def run_command(app: App[str], words: Sequence[str]) -> None:
    """Run a command of piwizard in this terminal, and return after Enter."""
    from piwizard.system import commands, console

    with app.suspend():
        console.say(f"$ piwizard {' '.join(words)}")
        commands.run_interactive((sys.executable, "-m", "piwizard", *words))
        console.say("Press Enter to return to the screens.")
        sys.stdin.readline()
    app.refresh(layout=True)
