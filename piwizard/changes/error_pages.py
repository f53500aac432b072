"""Copy an app's own error pages out of its code, for nginx."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.system import files, safe_open
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

PAGE_NAMES = ("502.html", "503.html", "maintenance.html")
MAX_PAGE_BYTES = 512 << 10


@dataclass(frozen=True)
class ErrorPages:
    """The error pages of a release, from the folder `source` of its code.

    Only regular files of these names are copied, up to a size; no link is followed. Without a source, there are none.
    """

    kind: ClassVar[str] = "error-pages"
    code: Path
    pages: Path
    source: str | None

    def describe(self) -> str:
        return f"Error pages of {self.source}" if self.source else "No error pages of the repository"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        wanted = self._wanted()
        if all(files.read(self.pages / name) == wanted.get(name) for name in PAGE_NAMES):
            return IN_SYNC
        return Preview(in_sync=False, diff="\n".join(f"+{self.pages / name}" for name in wanted))

    def apply(self, work: ApplyContext) -> None:
        wanted = self._wanted()
        files.make_folders(self.pages)
        for name in PAGE_NAMES:
            if name in wanted:
                files.replace(self.pages / name, wanted[name])
            else:
                files.unlink(self.pages / name)
        work.note(self.pages, "error pages copied")

    def _wanted(self) -> dict[str, bytes]:
        """Return the content of each page; a file that is too large is none."""
        if not self.source:
            return {}
        read = {
            name: safe_open.read_file(self.code, PurePath(self.source) / name, MAX_PAGE_BYTES + 1)
            for name in PAGE_NAMES
        }
        return {name: text for name, text in read.items() if text is not None and len(text) <= MAX_PAGE_BYTES}
