"""Describe an entry: what gunicorn loads, and where it starts."""

from __future__ import annotations

import posixpath

from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class EntryCandidate:
    """A callable that gunicorn could load. The highest score is the best guess.

    `chdir` is the folder to start in, relative to the checkout; `pythonpath` is the folder that must be importable
    (the same, except for src layouts). Both are empty for the checkout itself. `problem` says why a candidate cannot be
    used: it has no score and is never chosen. `required` are arguments whose values
    are not known. Candidates with the same `origin` are the same app.
    """

    entry: str
    file: str
    line: int
    why: str
    score: int
    chdir: str = ""
    pythonpath: str = ""
    origin: tuple[str, int] = ("", 0)
    problem: str = ""
    required: tuple[str, ...] = ()

    @property
    def by_path(self) -> str:
        """Return the entry with its file in place of the module; it is unique."""
        if self.is_script:
            return self.file
        return f"{self.file}:{self.entry.partition(':')[2]}"

    def started_in(self, folder: str) -> str:
        """Return the entry for a program that starts in a folder of the checkout."""
        return posixpath.relpath(self.file, folder or ".") if self.is_script else self.entry

    @property
    def is_script(self) -> bool:
        """Return whether the entry is a script that runs as a program."""
        return bool(self.file) and self.entry == self.file
