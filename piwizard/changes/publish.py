"""The files that nginx may serve, copied out of the code into a tree of their own that mirrors the URLs."""

from __future__ import annotations

import errno
import gzip
import json
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.system import files, safe_open, tree_copy
from piwizard.system.files import ROOT
from piwizard.system.system_cache import SystemCache

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
LARGEST_COMPRESSED = 32 << 20
"""Bytes of a file that is compressed beforehand: it is read into memory for that."""


@dataclass(frozen=True)
class Publish:
    """`public` holds for each URL path the folder or file of `code` that answers it, and nothing else.

    Only regular files are copied. A link to another file of the same folder is published as that file. In the place of
    any other link, but for those to `data`, there is a folder that nobody can enter: nginx answers 404, and does not
    ask the app, whose own route for static files would follow the link to wherever it leads. What compresses gets a
    .gz beside it, so that a small board need not do it again for every visitor.
    """

    kind: ClassVar[str] = "publish"
    code: Path
    public: Path
    paths: tuple[tuple[str, str], ...]
    """Pairs of URL path ("static", "robots.txt") and path in the code ("app/static")."""
    data: Path
    """What the app writes: where `Keep` has made links to."""

    @property
    def _marker(self) -> Path:
        return self.public.with_name(f"{self.public.name}.json")

    def describe(self) -> str:
        return f"Publish {', '.join(f'/{url}' for url, _ in self.paths) or 'no static files'}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self.public.is_dir() and files.read(self._marker) == self._wanted():
            return IN_SYNC
        return Preview(
            in_sync=False, diff="\n".join(f"+{self.public / url}  (from {path})" for url, path in self.paths)
        )

    def apply(self, work: ApplyContext) -> None:
        new = files.temporary_path(self.public)
        files.remove(new)
        files.make_folders(self.public.parent)
        files.make_owned_folder(new, 0o755, ROOT.ids())
        with safe_open.open_folder(self.code) as code, safe_open.open_folder(new) as public:
            for url, path in self.paths:
                for link in _Publishing(code, PurePath(path), self.data).publish(PurePath(url), public):
                    work.say(f"{link} is a link, or behind one, and does not stay in its folder: it is not served.")
        work.command(("sync", "--file-system", str(new)))
        files.unlink(self._marker)
        files.replace_folder(new, self.public)
        files.replace(self._marker, self._wanted())
        work.note(self.public, "published")

    def _wanted(self) -> bytes:
        return json.dumps(self.paths).encode()


@dataclass(frozen=True)
class _Publishing:
    """One folder or file `top` of the open folder `code` on its way; it gives the links that are not served."""

    code: int
    top: PurePath
    data: Path

    def publish(self, url: PurePath, public: int) -> Iterator[PurePath]:
        """Copy it to where its URL is looked for."""
        try:
            with safe_open.open_below(self.code, self.top.parent) as parent, _made(public, url.parent) as target:
                yield from self._copy(self.top, url.name, parent, target)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            with _made(public, url.parent) as target:
                _close(url.name, target)
            yield self.top  # behind a link

    def _copy(self, path: PurePath, name: str, parent: int, target: int) -> Iterator[PurePath]:
        try:
            info = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISLNK(info.st_mode):
            if not self._link(path, name, parent, target):
                _close(name, target)
                yield path
        elif stat.S_ISREG(info.st_mode):
            _copy_file(path.name, name, parent, target)
        elif stat.S_ISDIR(info.st_mode):
            with safe_open.open_below(parent, PurePath(path.name)) as folder, _made(target, PurePath(name)) as copy:
                for inner in sorted(os.listdir(folder)):
                    if not inner.startswith(".") and inner != "__pycache__":
                        yield from self._copy(path / inner, inner, folder, copy)

    def _link(self, path: PurePath, name: str, parent: int, target: int) -> bool:
        """Whether a link may stay; published where it leads to a regular file of the same folder."""
        leads_to = os.readlink(path.name, dir_fd=parent)
        if PurePath(leads_to).is_relative_to(self.data) and ".." not in PurePath(leads_to).parts:
            return True
        other = PurePath(posixpath.normpath(path.parent / leads_to))
        if not other.is_relative_to(self.top) or any(part.startswith(".") for part in other.parts):
            return False
        try:
            with safe_open.open_below(self.code, other.parent) as folder:
                return _copy_file(other.name, name, folder, target)
        except OSError:
            return False


def _close(name: str, within: int) -> None:
    """Make a folder that no one but root can enter, in the place of what must not be served."""
    if not safe_open.entry_exists(name, within):
        os.mkdir(name, 0o700, dir_fd=within)
        with safe_open.open_below(within, PurePath(name)) as made:
            os.fchmod(made, 0)


@contextmanager
def _made(within: int, path: PurePath) -> Iterator[int]:
    """Hold a folder below an open one open; what of it is not there yet is made."""
    handle = os.dup(within)
    try:
        for part in path.parts:
            if not safe_open.entry_exists(part, handle):
                os.mkdir(part, 0o755, dir_fd=handle)
            inner = os.open(part, safe_open.FOLDER_FLAGS, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _copy_file(source: str, name: str, parent: int, target: int) -> bool:
    content = safe_open.open_file(source, parent)
    if content is None:
        return False
    with content:
        tree_copy.copy_file(content, name, target, tree_copy.Modes(ROOT.ids(), 0o644, always=0o644))
        size = os.fstat(content.fileno()).st_size
        worth_it = PurePath(name).suffix.lower() in COMPRESSIBLE and SMALLEST_WORTH_IT <= size <= LARGEST_COMPRESSED
        if worth_it and not safe_open.entry_exists(f"{source}.gz", parent):
            content.seek(0)
            safe_open.write_file(f"{name}.gz", gzip.compress(content.read(), 9, mtime=0), target, 0o644)
    return True
