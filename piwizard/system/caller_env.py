"""The environment variables of whoever started piwizard, also through sudo, which drops them."""

from __future__ import annotations

import os
from pathlib import Path

from piwizard.system import commands


def variable(name: str) -> str | None:
    """Return a variable of this process, else of the sudo that started it; None where neither has it.

    The answers name the variables that hold secrets, and only root can read those: who calls sudo cannot tell it
    which to pass on. The environment that sudo itself was started with is the caller's, and root may look at it.
    """
    return os.environ.get(name) or _of_sudo(os.getppid()).get(name)


def _of_sudo(process: int) -> dict[str, str]:
    sudo = commands.which("sudo")
    folder = Path("/proc") / str(process)
    try:
        if "SUDO_UID" not in os.environ or sudo is None or not (folder / "exe").samefile(sudo):
            return {}
        content = (folder / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (os.fsdecode(entry).partition("=") for entry in content.split(b"\0"))
    return {name: value for name, sign, value in pairs if sign}
