"""Whether the Python that an environment was built for is still the one that it is started with."""

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
