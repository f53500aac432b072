"""Copy the static files that nginx serves to a tree that mirrors the URLs."""

from __future__ import annotations

import errno
import gzip
import json
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.system import files, safe_open, tree_copy
from piwizard.system.files import ROOT
from piwizard.system.lazy_dataclass import dataclass
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
"""Bytes of a file that is compressed in advance, for which it is read into memory."""


@dataclass(frozen=True)
class Publish:
    """The folder `public` with the static files that nginx serves.

    For each URL path, it contains the folder or file of `code` that is served there, and nothing else.

    Only regular files are copied. A link to another file of the same folder is published as that file. Any other
    link, except links to `data`, is replaced by a folder that no user can enter: nginx answers 404 and does not ask
    the app, whose own route for static files would follow the link. Files that compress well get a .gz beside them,
    so that a small board does not compress them for each visitor.
    """

    kind: ClassVar[str] = "publish"
    code: Path
    public: Path
    paths: tuple[tuple[str, str], ...]
    """Pairs of URL path ("static", "robots.txt") and path in the code ("app/static")."""
    data: Path
    """The app's data, to which PersistentPath creates links."""

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
                    work.say(f"{link} is not served: it is a link, or behind a link, that leaves its folder.")
        work.command(("sync", "--file-system", str(new)))
        files.unlink(self._marker)
        files.replace_folder(new, self.public)
        files.replace(self._marker, self._wanted())
        work.note(self.public, "published")

    def _wanted(self) -> bytes:
        return json.dumps(self.paths).encode()


@dataclass(frozen=True)
class _Publishing:
    """The publication of one folder or file `top` of the open folder `code`."""

    code: int
    top: PurePath
    data: Path

    def publish(self, url: PurePath, public: int) -> Iterator[PurePath]:
        """Copy it to the place of its URL."""
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
        """Publish a link to a regular file of the same folder.

        Return whether the link may be served.
        """
        target_path = os.readlink(path.name, dir_fd=parent)
        if PurePath(target_path).is_relative_to(self.data) and ".." not in PurePath(target_path).parts:
            return True
        other = PurePath(posixpath.normpath(path.parent / target_path))
        if not other.is_relative_to(self.top) or any(part.startswith(".") for part in other.parts):
            return False
        try:
            with safe_open.open_below(self.code, other.parent) as folder:
                return _copy_file(other.name, name, folder, target)
        except OSError:
            return False


def _close(name: str, within: int) -> None:
    """Create a folder that only root can enter, so that nothing is served."""
    if not safe_open.entry_exists(name, within):
        os.mkdir(name, 0o700, dir_fd=within)
        with safe_open.open_below(within, PurePath(name)) as made:
            os.fchmod(made, 0)


@contextmanager
def _made(within: int, path: PurePath) -> Iterator[int]:
    """Open a folder below an open one, and create the missing part of its path."""
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
        too_long = len(os.fsencode(f"{name}.gz")) > safe_open.MAX_NAME_BYTES
        if worth_it and not too_long and not safe_open.entry_exists(f"{source}.gz", parent):
            content.seek(0)
            safe_open.write_file(f"{name}.gz", gzip.compress(content.read(), 9, mtime=0), target, 0o644)
    return True
