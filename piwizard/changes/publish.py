"""The files that nginx may serve, copied out of the code into a tree of their own that mirrors the URLs."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar

from piwizard.changes.base import HOLDS, Memory, Preview, Work
from piwizard.machine import files
from piwizard.machine.snapshot import Machine

COMPRESSIBLE = {
    ".css",
    ".js",
    ".mjs",
    ".json",
    ".svg",
    ".txt",
    ".xml",
    ".html",
    ".map",
    ".ico",
    ".ttf",
    ".otf",
    ".wasm",
}
SMALLEST_WORTH_IT = 256


@dataclass(frozen=True)
class Publish:
    """`public` holds for each URL path the folder or file of `code` that answers it, and nothing else.

    Only regular files are copied: a symlink in a repository cannot lead a visitor out of it. What compresses
    gets a .gz beside it, so that a small board need not do it again for every visitor.
    """

    kind: ClassVar[str] = "publish"
    code: Path
    public: Path
    paths: tuple[tuple[str, str], ...]
    """Pairs of URL path ("static", "robots.txt") and path in the code ("app/static")."""

    @property
    def _marker(self) -> Path:
        return self.public.with_name(f"{self.public.name}.json")

    def describe(self) -> str:
        return f"Publish {', '.join(f'/{url}' for url, _ in self.paths) or 'no static files'}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if self.public.is_dir() and files.read(self._marker) == self._wanted():
            return HOLDS
        return Preview(holds=False, diff="\n".join(f"+{self.public / url}  (from {path})" for url, path in self.paths))

    def apply(self, work: Work) -> None:
        aside = self.public.with_name(f"{self.public.name}.partial")
        files.forget(self._marker)
        files.remove(aside)
        aside.mkdir(parents=True)
        for url, path in self.paths:
            if not any((self.code / folder).is_symlink() for folder in PurePath(path).parents):
                _copy(self.code / path, aside / url)
        work.command(("sync", "--file-system", str(aside)))
        files.remove(self.public)
        aside.rename(self.public)
        files.sync_folder(self.public.parent)
        files.replace(self._marker, self._wanted())
        work.note(self.public, "published")

    def _wanted(self) -> bytes:
        return json.dumps(self.paths).encode()


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        return
    if source.is_file():
        _copy_file(source, target)
        return
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        for name in names:
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink() and not name.startswith("."):
                _copy_file(path, target / path.relative_to(source))


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)
    if source.suffix.lower() in COMPRESSIBLE and source.stat().st_size >= SMALLEST_WORTH_IT:
        packed = target.with_name(f"{target.name}.gz")
        if not source.with_name(packed.name).exists():
            packed.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))
            packed.chmod(0o644)
