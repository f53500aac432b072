"""Tell the versions of Python interpreters, and whether an environment was built for another one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

NUMBERED = re.compile(r"python(3\.\d+)$")


@dataclass(frozen=True)
class LeftBehind:
    """An environment of another Python: an upgrade of the system took its own away. It holds nothing that starts."""

    built: str
    here: str

    @property
    def words(self) -> str:
        """What is wrong, for a person."""
        return f"its environment was built for Python {self.built}, and this machine has {self.here} now"


def left_behind(venv: Path) -> LeftBehind | None:
    """Says so where an environment was built for another Python; None where all is well, or none is there."""
    # realpath: links that lead in a circle are a stranger's, and no error.
    started = NUMBERED.match(os.path.basename(os.path.realpath(venv / "bin" / "python")))
    built = sorted(match[1] for folder in venv.glob("lib/python3.*") if (match := NUMBERED.match(folder.name)))
    if started is None or not built or started[1] in built:
        return None
    return LeftBehind(built[-1], started[1])


def version_of(python: str, system: str | None) -> tuple[int, int] | None:
    """Return the version of an interpreter, such as (3, 13); None where its name does not tell.

    `python` is a name ("python3") or a full path; `system` is the version of the system's python3 ("3.13.5").
    """
    name = f"python{system}" if python == "python3" else os.path.basename(os.path.realpath(python))
    found = re.match(r"python(\d+)\.(\d+)", name)
    return (int(found[1]), int(found[2])) if found else None
