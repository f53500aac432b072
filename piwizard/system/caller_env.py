"""Read environment variables of the user who started piwizard.

sudo drops most of them, but they can be read from its own process.
"""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path

from piwizard.system import commands

DISPLAY = ("NO_COLOR", "COLORFGBG", "COLUMNS", "LINES")
"""Variables that describe the user's terminal, and that sudo drops."""

ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")


def read_variable(name: str) -> str | None:
    """Return a variable of this process, or else of its sudo; None if it is unset.

    The answers file names the variables that hold secrets, and only root can read that file, so the user cannot know
    which ones sudo should keep. sudo itself was started with the user's environment, which root can read.
    """
    return os.environ.get(name) or _of_sudo(os.getppid()).get(name)


def read_caller() -> str:
    """Return the name of the account that started piwizard, also through sudo."""
    name = os.environ.get("SUDO_USER", "")
    if ACCOUNT.fullmatch(name):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def restore_display() -> None:
    """Set the variables that describe the user's terminal, as the user has them."""
    if "SUDO_UID" in os.environ:
        found = _of_sudo(os.getppid())
        os.environ.update({name: found[name] for name in DISPLAY if name in found and name not in os.environ})


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
    return {name: value for name, equals, value in pairs if equals}
