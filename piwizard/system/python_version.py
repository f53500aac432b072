"""Find virtual environments that were built for another version of Python."""

from __future__ import annotations

import os
import re
from pathlib import Path

from piwizard.system.lazy_dataclass import dataclass

NUMBERED = re.compile(r"python(3\.\d+)$")


@dataclass(frozen=True)
class VenvMismatch:
    """A virtual environment built for a Python that a system upgrade has removed.

    Nothing in it starts.
    """

    built: str
    here: str

    @property
    def sentence(self) -> str:
        """Return the problem as text for the user."""
        return f"its environment was built for Python {self.built}, and this machine has {self.here} now"


def find_venv_mismatch(venv: Path) -> VenvMismatch | None:
    """Return the mismatch of an environment with this machine's Python, or None."""
    # realpath does not fail on circular links, which an app may contain.
    started = NUMBERED.match(os.path.basename(os.path.realpath(venv / "bin" / "python")))
    built = sorted(match[1] for folder in venv.glob("lib/python3.*") if (match := NUMBERED.match(folder.name)))
    if started is None or not built or started[1] in built:
        return None
    return VenvMismatch(built[-1], started[1])


def interpreter_version(python: str, system: str | None) -> tuple[int, int] | None:
    """Return the version of an interpreter, such as (3, 13); None if unknown.

    `python` is a name ("python3") or a full path; `system` is the version of the system's python3 ("3.13.5").
    """
    name = f"python{system}" if python == "python3" else os.path.basename(os.path.realpath(python))
    found = re.match(r"python(\d+)\.(\d+)", name)
    return (int(found[1]), int(found[2])) if found else None
