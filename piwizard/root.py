"""Becoming root, once, with a word of why."""

from __future__ import annotations

import os
import sys

from piwizard.errors import PiwizardError
from piwizard.machine import commands


def become_root(secrets: list[str]) -> None:
    """Starts piwizard again through sudo; does not return.

    `secrets` are the environment variables that hold secrets of the answers: sudo would drop them.
    """
    sudo = commands.which("sudo")
    if sudo is None:
        raise PiwizardError("piwizard needs root, and there is no sudo on this machine.", hint="Start it as root.")
    print(
        "piwizard sets up services of the system, for which it needs root: sudo asks for your password.",
        file=sys.stderr,
    )
    kept = [f"--preserve-env={','.join(secrets)}"] if secrets else []
    os.execv(sudo, [sudo, *kept, "--", sys.executable, "-I", "-m", "piwizard", *sys.argv[1:]])
