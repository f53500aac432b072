"""Read the files of an app's repository within limits, running nothing."""

from __future__ import annotations

import ast
import os
import posixpath
import stat
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from piwizard.system.lazy_dataclass import dataclass

MAX_FILES = 2000
MAX_ENTRIES = 40_000
MAX_FILE_BYTES = 1 << 20
MAX_TOTAL_BYTES = 16 << 20
MAX_DEPTH = 12
MAX_PARSED_BYTES = 3 << 20  # a parsed file takes sixty times its size, and small boards have 512 MB
MAX_LINKS = 40

IGNORED_FOLDERS = frozenset({
    "test", "tests", "testing", "doc", "docs", "example", "examples", "sample", "samples", "bench", "benchmarks",
    "node_modules", "bower_components", "venv", "virtualenv", "site-packages", "__pycache__", "build", "dist",
    "migrations", "alembic", "versions",
})  # fmt: skip
# Folders with scripts for build and maintenance: in the repository, but not part of the app.
SCRIPT_FOLDERS = frozenset(
    {"bin", "script", "scripts", "tools", "tool", "hooks", "contrib", "ci", "deploy", "deployment"}
)
UNUSED_NODES = (
    ast.Name,
    ast.expr_context,
    ast.operator,
    ast.cmpop,
    ast.boolop,
    ast.unaryop,
    ast.arg,
    ast.arguments,
    ast.alias,
)
VIRTUALENV_MARKERS = ("pyvenv.cfg", "conda-meta", "bin/activate", "Scripts/activate")


class FoundInFile:
    """Something that one line of a file in the repository contains."""

    file: str
    line: int

    @property
    def place(self) -> str:
        """Return the file and the line as a person reads them."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class UnreadFile:
    """A file that could not be read, and why."""

    file: str
    why: str


def is_test(file: str) -> bool:
    """Return whether a Python file is a test, by its name."""
    name = PurePosixPath(file).name
    return name.startswith("test_") or name.endswith("_test.py") or name in {"tests.py", "test.py", "conftest.py"}


def is_script(file: str) -> bool:
    """Return whether a file is in a folder for scripts."""
    return any(part in SCRIPT_FOLDERS for part in PurePosixPath(file).parts[:-1])


@dataclass
class RepositoryCheckout:
    """A checkout, with its Python files and limited access to all files.

    The Python files are those that may belong to the app: no tests, docs, examples or virtual environments. `data` is
    the folder that links in a deployed checkout point to. It is never read, because the app writes there: a
    link to it counts as an empty file if its name has a suffix, else as an empty folder. `reading` is the file that
    was read last; `about_to_parse` is called with each Python file before it is parsed.
    """

    root: Path
    data: Path | None = None
    python: tuple[str, ...] = ()
    skipped: list[UnreadFile] = field(default_factory=list)
    bases: dict[str, str] = field(default_factory=dict, repr=False)
    memory: dict[str, object] = field(default_factory=dict, repr=False)
    reading: str = ""
    about_to_parse: Callable[[str], None] = field(default=lambda file: None, repr=False)
    _links: set[str] = field(default_factory=set, repr=False)
    _inside: dict[str, Path | None] = field(default_factory=dict, repr=False)
    _nodes: dict[str, list[ast.AST]] = field(default_factory=dict, repr=False)
    _read: dict[str, bytes | None] = field(default_factory=dict, repr=False)
    _parsed: dict[str, ast.Module | None] = field(default_factory=dict, repr=False)
    _total: int = 0
    _total_parsed: int = 0

    def inside(self, path: str) -> Path | None:
        """Return the real path of a relative one; None if it is missing or leads outside."""
        if path not in self._inside:
            self._inside[path] = self._resolve(path)
        return self._inside[path]

    def _resolve(self, path: str) -> Path | None:
        waiting, here, links = path.split("/")[::-1], list[str](), 0
        if path.startswith("/"):
            return None
        while waiting:
            part = waiting.pop()
            if part == "..":
                if not here:
                    return None
                here.pop()
            elif part not in ("", "."):
                here.append(part)
                full = os.path.join(self.root, *here)
                try:
                    target = os.readlink(full) if stat.S_ISLNK(os.lstat(full).st_mode) else None
                except (OSError, ValueError):
                    return None
                if target is not None:
                    links += 1
                    here.pop()
                    # An absolute link is only right on the machine of its author.
                    if target.startswith("/") and not waiting and self._to_data(target):
                        self._links.add(path)
                    if target.startswith("/") or links > MAX_LINKS:
                        return None
                    waiting += target.split("/")[::-1]
        return None if ".git" in here else self.root.joinpath(*here)

    def _to_data(self, target: str) -> bool:
        return self.data is not None and Path(posixpath.normpath(target)).is_relative_to(self.data)

    def is_file(self, path: str) -> bool:
        """Return whether a path is a regular file."""
        real = self.inside(path)
        return os.path.isfile(real) if real is not None else path in self._links and bool(PurePosixPath(path).suffix)

    def is_dir(self, path: str) -> bool:
        """Return whether a path is a folder."""
        real = self.inside(path)
        return os.path.isdir(real) if real is not None else path in self._links and not PurePosixPath(path).suffix

    @cached_property
    def code_folders(self) -> frozenset[str]:
        """Return all folders with Python files in them or below them."""
        return frozenset(str(folder) for file in self.python for folder in PurePosixPath(file).parents)

    def names(self, folder: str = "") -> list[str]:
        """Return the names in a folder, sorted; empty if there is no such folder."""
        real = self.inside(folder)
        if real is None:
            return []
        try:
            with os.scandir(real) as entries:
                # Names with control characters or invalid UTF-8 cannot be shown safely.
                return sorted(entry.name for entry in islice(entries, MAX_FILES) if entry.name.isprintable())
        except OSError:
            return []

    def content(self, path: str) -> bytes | None:
        """Return the content of a file; None if missing, too large, irregular or outside."""
        self.reading = path
        if path not in self._read:
            self._read[path] = self._load(path)
        return self._read[path]

    def text(self, path: str) -> str:
        """Return the text of a file, invalid UTF-8 replaced; empty if it cannot be read."""
        return (self.content(path) or b"").decode("utf-8-sig", errors="replace").replace("\r\n", "\n")

    def mentions(self, path: str, *words: bytes) -> bool:
        """Return whether a file contains one of these words: cheaper than parsing it."""
        content = self.content(path) or b""
        return any(word in content for word in words)

    def parsed(self, path: str) -> ast.Module | None:
        """Return the syntax tree of a Python file; None if it is not valid Python."""
        if path in self._parsed:
            return self._parsed[path]
        content = self.content(path)
        self._parsed[path] = None if content is None else self._parse(path, content)
        return self._parsed[path]

    def nodes(self, path: str) -> list[ast.AST]:
        """Return the nodes of a file's syntax tree, outer first, without plain names."""
        self.reading = path
        if path not in self._nodes:
            tree = self.parsed(path)
            self._nodes[path] = [node for node in ast.walk(tree) if not isinstance(node, UNUSED_NODES)] if tree else []
        return self._nodes[path]

    def _parse(self, path: str, content: bytes) -> ast.Module | None:
        if self._total_parsed + len(content) > MAX_PARSED_BYTES:
            self._skip(path, "limit of 3 MiB of parsed Python reached")
            return None
        self._total_parsed += len(content)
        self.about_to_parse(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as "invalid escape sequence"
                return ast.parse(content)
        except SyntaxError as error:
            why = f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
        except (ValueError, LookupError) as error:
            why = str(error)
        except (RecursionError, MemoryError):
            why = "nested too deeply, or too large"
        self._skip(path, f"not valid Python ({why})")
        return None

    def _skip(self, path: str, why: str) -> None:
        entry = UnreadFile(path, why)
        if entry not in self.skipped:
            self.skipped.append(entry)

    def _load(self, path: str) -> bytes | None:
        real = self.inside(path)
        if real is None:
            return None
        try:
            # Without O_NONBLOCK, a FIFO in the checkout would block forever.
            with open(os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    return None
                content = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            if not isinstance(error, IsADirectoryError):
                self._skip(path, error.strerror or "cannot be read")
            return None
        if len(content) > MAX_FILE_BYTES:
            self._skip(path, "larger than 1 MiB")
            return None
        if self._total + len(content) > MAX_TOTAL_BYTES:
            self._skip(path, "limit of 16 MiB of code reached")
            return None
        self._total += len(content)
        return content


def scan_checkout(root: Path | RepositoryCheckout, data: Path | None = None) -> RepositoryCheckout:
    """List the Python files of a checkout that may belong to the app."""
    if isinstance(root, RepositoryCheckout):
        return root
    checkout = RepositoryCheckout(root.resolve(), data)
    found: list[str] = []
    seen = 0
    queue: deque[tuple[str, int]] = deque([("", 0)])
    while queue:
        folder, depth = queue.popleft()
        for name in checkout.names(folder):
            seen += 1
            path = f"{folder}/{name}" if folder else name
            if os.path.islink(checkout.root / path) and (not name.endswith(".py") or checkout.inside(path) is None):
                continue
            if os.path.isdir(checkout.root / path):
                if depth < MAX_DEPTH and not _ignored(checkout, path, name):
                    queue.append((path, depth + 1))
            elif name.endswith(".py") and not is_test(path):
                found.append(path)
        if len(found) >= MAX_FILES or seen >= MAX_ENTRIES:
            checkout.skipped.append(UnreadFile(folder or ".", f"only the first {MAX_FILES} files are read"))
            break
    checkout.python = tuple(found[:MAX_FILES])
    return checkout


def _ignored(checkout: RepositoryCheckout, path: str, name: str) -> bool:
    if name.startswith(".") or name.lower() in IGNORED_FOLDERS or name.endswith((".egg-info", ".dist-info")):
        return True
    return any(checkout.inside(f"{path}/{mark}") is not None for mark in VIRTUALENV_MARKERS)
