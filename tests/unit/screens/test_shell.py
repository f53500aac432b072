"""Test the terminal that the screens lend to a shell."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import nullcontext
from types import SimpleNamespace

from piwizard.screens import shell
from piwizard.system import commands


def test_interrupt_ends_the_command_and_not_the_screens(monkeypatch):
    ended = []

    def run(argv):
        os.kill(os.getpid(), signal.SIGINT)  # the terminal sends it to both
        ended.append(subprocess.run(("sh", "-c", "kill -INT $$"), check=False).returncode)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(commands, "run_interactive", run)
    shell.open_shell(SimpleNamespace(suspend=nullcontext, refresh=lambda **_: None))
    assert ended == [-signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before
