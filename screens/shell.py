"""Use the terminal of the app for a shell."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import App


def open_shell(app: App[str]) -> None:
    """Open a root shell in this terminal, and return after `exit`."""
    from piwizard.system import commands, console

    with app.suspend(), _interrupts_ignored():
        console.say("This is a root shell. `exit` returns to piwizard.")
        commands.run_interactive((os.environ.get("SHELL") or "/bin/sh",))
    app.refresh(layout=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let Ctrl+C end the program in the terminal alone: the terminal also sends it to this process.

    A handler that does nothing, since programs would inherit that the signal is ignored.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
