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
from piwizard.machine import files, opened
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
    """No link is followed on the way, nor one that is put there meanwhile: commands of the app make files here too."""
    if source.is_symlink():
        return
    if source.is_file():
        with opened.folder(source.parent) as parent:
            _copy_file(source.name, parent, target, beside=set(os.listdir(parent)))
        return
    if not source.is_dir():
        return
    for folder, folders, names, handle in os.fwalk(source, follow_symlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        for name in names:
            if not name.startswith("."):
                _copy_file(name, handle, target / Path(folder).relative_to(source) / name, beside=set(names))


def _copy_file(name: str, folder: int, target: Path, *, beside: set[str]) -> None:
    content = opened.regular(name, folder)
    if content is None:
        return
    with content:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as copy:
            shutil.copyfileobj(content, copy)
    target.chmod(0o644)
    packed = target.with_name(f"{target.name}.gz")
    worth_it = target.suffix.lower() in COMPRESSIBLE and target.stat().st_size >= SMALLEST_WORTH_IT
    if worth_it and packed.name not in beside:
        packed.write_bytes(gzip.compress(target.read_bytes(), 9, mtime=0))
        packed.chmod(0o644)
