"""A file that piwizard wrote once, and that nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ApplyContext, OwnershipIndex, Preview
from piwizard.system import files
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class AbsentFile:
    """The file is not there, unless it is somebody else's or was edited since. What it holds is shown nowhere.

    The record that was made when it was written says what undo has to do.
    """

    kind: ClassVar[str] = "gone"
    path: Path

    def describe(self) -> str:
        return f"Remove {self.path}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        now = files.read(self.path)
        if now is None or not memory.wrote(self.path, files.digest(now)):
            return HOLDS
        return Preview(holds=False, diff=f"-{self.path}")

    def apply(self, work: ApplyContext) -> None:
        self.path.unlink(missing_ok=True)
        files.sync_folder(self.path.parent)
        work.note(self.path, "removed: it is needed no more")
