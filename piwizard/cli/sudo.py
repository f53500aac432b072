"""Becoming root, once, with a word of why."""

from __future__ import annotations

import os
import sys

from piwizard.errors import PiwizardError
from piwizard.system import commands, console


def become_root() -> None:
    """Starts piwizard again through sudo; does not return. system/caller_env.py finds the variables that sudo drops."""
    sudo = commands.which("sudo")
    if sudo is None:
        raise PiwizardError("piwizard needs root, and there is no sudo on this machine.", hint="Start it as root.")
    console.warn("piwizard sets up services of the system, for which it needs root: sudo asks for your password.")
    os.execv(sudo, [sudo, "--", sys.executable, "-I", "-m", "piwizard", *sys.argv[1:]])
