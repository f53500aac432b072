"""Find files that an app writes where it cannot: elsewhere, or among its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.path_values import PathValue, PathValues
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.write_calls import WRITING_WORDS, find_writes
from piwizard.apps.write_paths import READ_ONLY_FOLDERS, SAFE_PATH, find_writes_in, has_content
from piwizard.system.lazy_dataclass import dataclass

ELSEWHERE, AMONG = "elsewhere", "among"
"""A full path outside of a home and of disks; a folder whose files come with each version."""
KINDS = (ELSEWHERE, AMONG)
TOP_FOLDERS = frozenset({"app", "boot", "code", "config", "data", "etc", "opt", "srv", "storage", "usr", "var"})
"""The system's own folders, and those of containers. Others, such as /tmp, are the app's own or are no files."""
MAX_LOST, MAX_WRITES, MAX_NODES = 20, 200, 20_000


@dataclass(frozen=True)
class LostWrite:
    """A path that the code writes and that the app cannot write."""

    kind: str
    path: str
    file: str
    line: int

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return PurePosixPath(self.path).name


def find_lost_writes(checkout: RepositoryCheckout, chdir: str = "") -> tuple[LostWrite, ...]:
    """Return the paths that the code writes in vain, the first place of each."""
    code = CodeIndex.of(checkout)
    found: dict[str, LostWrite] = {}
    for file in checkout.python:
        if not is_script(file) and checkout.mentions(file, *WRITING_WORDS):
            for one in (*_elsewhere(code, file), *_among(code, file, chdir)):
                found.setdefault(one.path, one)
    return tuple(found.values())[:MAX_LOST]


def _elsewhere(code: CodeIndex, file: str) -> Iterator[LostWrite]:
    calls = (node for node in code.checkout.nodes(file)[:MAX_NODES] if isinstance(node, ast.Call))
    for node in calls:
        for written in find_writes(code, file, node):
            path = written.path
            values = (path,) if isinstance(path, PathValue) else PathValues(code, file).of(path)
            for value in values:
                text = value.text if value.whole else value.folder
                if _is_elsewhere(text):
                    yield LostWrite(ELSEWHERE, text.rstrip("/"), file, node.lineno)


def _is_elsewhere(text: str) -> bool:
    if not text.startswith("/") or text.startswith("/var/tmp/") or not SAFE_PATH.fullmatch(text.strip("/")):
        return False
    top, _, inside = text[1:].partition("/")
    return top in TOP_FOLDERS and bool(inside or top == "data")


def _among(code: CodeIndex, file: str, chdir: str) -> Iterator[LostWrite]:
    """Yield the folders of static files in which the code creates files of its own.

    Not where it first makes a folder in it whose name is not known: the files are in that.
    """
    writes = list(islice(find_writes_in(code, file, chdir), MAX_WRITES))
    made = {one.path for one, makes_folder in writes if makes_folder}
    for one, _ in writes:
        inside = PurePosixPath(one.path).name in READ_ONLY_FOLDERS and has_content(code.checkout, one.path)
        if inside and one.path not in made:
            yield LostWrite(AMONG, one.path, file, one.line)
