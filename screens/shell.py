"""Open a root shell in the terminal of the app."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App


def open_shell(app: App[str]) -> None:
    """Open a shell in this terminal, and return after `exit`."""
    from piwizard.system import commands, console

    with app.suspend():
        console.say("This is a root shell. `exit` returns to piwizard.")
        commands.run_interactive((os.environ.get("SHELL") or "/bin/sh",))
    app.refresh(layout=True)
