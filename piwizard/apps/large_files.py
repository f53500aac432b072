"""Find files whose content is with Git LFS: git itself fetches only pointers."""

from __future__ import annotations

import re
from collections import deque

from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.system.lazy_dataclass import dataclass

POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?size (\d{1,15})\n")
MAX_POINTER_BYTES = 1024
MAX_POINTERS, MAX_LOOKED_AT, MAX_DEPTH = 200, 5000, 8


@dataclass(frozen=True)
class LargeFile:
    """A file of Git LFS, and its size in KiB."""

    path: str
    size: int


def find_large_files(checkout: RepositoryCheckout) -> tuple[LargeFile, ...]:
    """Return the files of Git LFS; none if .gitattributes does not name it."""
    if "filter=lfs" not in checkout.text(".gitattributes"):
        return ()
    found: list[LargeFile] = []
    queue, seen = deque([""]), 0
    while queue and len(found) < MAX_POINTERS:
        folder = queue.popleft()
        for name in checkout.names(folder):
            seen += 1
            path = join_path(folder, name)
            if seen > MAX_LOOKED_AT or name == ".git":
                continue
            if checkout.is_dir(path):
                if path.count("/") < MAX_DEPTH:
                    queue.append(path)
            elif (size := _pointed_size(checkout, path)) is not None:
                found.append(LargeFile(path, size))
    return tuple(found[:MAX_POINTERS])


def _pointed_size(checkout: RepositoryCheckout, path: str) -> int | None:
    real = checkout.inside(path)
    if real is None or real.is_symlink() or not real.is_file() or real.stat().st_size > MAX_POINTER_BYTES:
        return None
    found = POINTER.match(checkout.content(path) or b"")
    return -(-int(found[1]) // 1024) if found else None
