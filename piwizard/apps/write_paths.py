"""Find what an app writes inside its folder: databases, uploads, logs, instance/."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator, path_in_checkout
from piwizard.apps.modules import import_base, join_path, parent_folder
from piwizard.apps.path_values import PathValue, PathValues
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script, scan_checkout
from piwizard.apps.write_calls import DATABASE_KINDS, FILE, FOLDER, LOG_HANDLERS, SQLITE, WRITING_WORDS, find_writes
from piwizard.system.lazy_dataclass import dataclass

MAX_PATHS_PER_FILE = 500
SAFE_PATH = re.compile(r"[\w.@+ -]+(?:/[\w.@+ -]+)*")
PATH_SETTING = re.compile(r"UPLOAD|(_DEST|_FOLDER|_DIR|_ROOT|LOG_FILE|^DATABASE|^DB_PATH|_DB)$|^MEDIA_")
READ_ONLY_SETTING = re.compile(r"STATIC|TEMPLATE|BASE|ROOT_DIR|APP_DIR|APP_ROOT|PROJECT|SOURCE|TEST|MIGRATION")
SETTING_WORDS = (b"UPLOAD", b"_FOLDER", b"_DIR", b"_DEST", b"instance", b"SESSION_TYPE", b"DATABASE", b"sqlite:")
NOT_SERVED_FILES = frozenset({"setup.py", "noxfile.py", "fabfile.py", "conftest.py", "gunicorn.conf.py"})
READ_ONLY_FOLDERS = frozenset({"static", "templates", "migrations"})
"""Folders whose files come with each version: kept ones would never be updated."""
PLACEHOLDER_FILES = frozenset({".gitkeep", ".gitignore", ".keep"})


@dataclass(frozen=True)
class WritePath:
    """A path inside the checkout that the app writes.

    `kind` is "folder", "file" or "sqlite"; with SQLite, the folder of the file must be writable too, because the
    journal is next to it. `database`: the path is, or contains, a database.
    """

    path: str
    kind: str
    why: str
    file: str
    line: int
    database: bool = False


def find_write_paths(
    root: Path | RepositoryCheckout, chdir: str = "", projects: tuple[str, ...] = ()
) -> tuple[WritePath, ...]:
    """Return the paths that the code writes.

    `chdir` is the folder that it starts in, `projects` are the full paths by which it calls the checkout.
    """
    checkout = scan_checkout(root)
    code = CodeIndex.of(checkout)
    flask_sqlalchemy = any(checkout.mentions(file, b"flask_sqlalchemy") for file in checkout.python)
    found: dict[str, WritePath] = {}
    for file in checkout.python:
        if (
            PurePosixPath(file).name not in NOT_SERVED_FILES
            and not is_script(file)
            and checkout.mentions(file, *SETTING_WORDS, *WRITING_WORDS)
        ):
            finder = _Finder(code, file, chdir, flask_sqlalchemy, projects)
            for item in islice(finder.all(), MAX_PATHS_PER_FILE):
                if item.path not in found and is_writable_path(checkout, item):
                    found[item.path] = item
    folders = {item.path for item in found.values() if item.kind == "folder"}
    kept = [i for i in found.values() if not any(i.path.startswith(f"{folder}/") for folder in folders)]
    return tuple(sorted(kept, key=lambda item: item.path))


def find_writes_in(code: CodeIndex, file: str, chdir: str = "") -> Iterator[tuple[WritePath, bool]]:
    """Yield what a file's calls write in the checkout, and which make a folder.

    Also what the app may not write.
    """
    finder = _Finder(code, file, chdir, flask_sqlalchemy=False)
    for node in code.checkout.nodes(file):
        if isinstance(node, ast.Call):
            for written in find_writes(code, file, node):
                found = finder.path(written.path, written.kind, written.why, node.lineno, sure=written.sure)
                yield from ((one, written.kind == FOLDER) for one in found)


def is_writable_path(checkout: RepositoryCheckout, item: WritePath) -> bool:
    """Return whether a path may be suggested: inside the checkout, and not code."""
    if not SAFE_PATH.fullmatch(item.path) or item.path.endswith(".py"):
        return False
    if any(part.startswith(".git") or part in {".", ".."} for part in item.path.split("/")):
        return False
    if item.path.rpartition("/")[2] in READ_ONLY_FOLDERS and has_content(checkout, item.path):
        return False
    return item.path not in checkout.code_folders


def has_content(checkout: RepositoryCheckout, folder: str) -> bool:
    """Return whether the repository has files in a folder, not a link."""
    return not (checkout.root / folder).is_symlink() and bool(set(checkout.names(folder)) - PLACEHOLDER_FILES)


@dataclass(frozen=True)
class _Finder:
    code: CodeIndex
    file: str
    chdir: str
    flask_sqlalchemy: bool
    projects: tuple[str, ...] = ()

    def all(self) -> Iterator[WritePath]:
        instance = join_path(import_base(self.code.checkout, self.file), "instance")
        for node in self.code.checkout.nodes(self.file):
            match node:
                case ast.Attribute(attr="instance_path" | "open_instance_resource"):
                    yield WritePath(instance, "folder", "the instance folder", self.file, node.lineno)
                case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="format")):
                    yield from self.database(node, instance)
                case ast.Call():
                    yield from self.call(node)
                case ast.BinOp(op=ast.Add() | ast.Mod()) | ast.JoinedStr():
                    yield from self.database(node, instance)
                case ast.Constant(value=str(value)) if value.startswith("sqlite:///"):
                    yield from self.database(node, instance)
                case ast.Assign(targets=[target], value=value):
                    yield from self.setting(_key(target), value)
                case ast.Dict(keys=keys, values=values):
                    for key, item in zip(keys, values, strict=True):
                        yield from self.setting(_constant(key), item)
                    given = {_constant(key): item for key, item in zip(keys, values, strict=True)}
                    if _constant(given.get("class")).rpartition(".")[2] in LOG_HANDLERS:
                        yield from self.path(given.get("filename"), "file", "its log", node.lineno)

    def call(self, call: ast.Call) -> Iterator[WritePath]:
        for keyword in call.keywords:
            yield from self.setting(keyword.arg or "", keyword.value)
        for written in find_writes(self.code, self.file, call):
            yield from self.path(written.path, written.kind, written.why, call.lineno, sure=written.sure)

    def setting(self, key: str, value: ast.expr) -> Iterator[WritePath]:
        if key == "SESSION_TYPE" and _constant(value) == "filesystem":
            yield WritePath(join_path(self.chdir, "flask_session"), "folder", "its sessions", self.file, value.lineno)
        elif key.isupper() and PATH_SETTING.search(key) and not READ_ONLY_SETTING.search(key):
            text = ConstantEvaluator(self.code, self.file).text(value) or ""
            looks_like_file = bool(posixpath.splitext(text)[1])
            database = looks_like_file and ("DATABASE" in key or "DB" in key)
            kind = "sqlite" if database else "file" if looks_like_file else "folder"
            if "://" not in text and ("/" in text or looks_like_file or "UPLOAD" in key or key.endswith("_FOLDER")):
                place = self.place(text) if kind == "folder" and "UPLOAD" not in key else None
                # A folder that a setting only names and that the repository fills: its files come with new versions.
                if not (place and has_content(self.code.checkout, place)):
                    yield from self.path(value, kind, f"its {key}", value.lineno)

    def database(self, node: ast.expr, instance: str) -> Iterator[WritePath]:
        text = ConstantEvaluator(self.code, self.file).text(node) or ""
        path = text.removeprefix("sqlite:///").partition("?")[0]
        unknown = set("{%") & set(path) or path in {"", ":memory:"}
        if not text.startswith("sqlite:///") or unknown or re.search(r"\btest|[-_]test", path):
            return
        if self.flask_sqlalchemy and not path.startswith("/"):
            # Flask-SQLAlchemy 3 puts relative paths into the instance folder.
            yield WritePath(instance, "folder", "its SQLite database", self.file, node.lineno, database=True)
        elif (place := self.place(path)) is not None:
            yield self.offered(place, "sqlite", "its SQLite database", node.lineno, database=True)

    def path(
        self, node: ast.expr | PathValue | None, kind: str, why: str, line: int, *, sure: bool = True
    ) -> Iterator[WritePath]:
        """Yield the places of a path in the checkout. Not `sure`: only if its text looks like one."""
        database = kind in DATABASE_KINDS
        values = (node,) if isinstance(node, PathValue) else PathValues(self.code, self.file).of(node)
        for value in values:
            text = value.text if value.whole else value.folder
            unlikely = text in {"", ":memory:"} or "://" in text or not (sure or set("./") & set(value.text))
            place = None if unlikely else self.place(text)
            if not place:
                continue
            if kind == FOLDER or not value.whole:
                yield WritePath(place, FOLDER, why, self.file, line, database)
            else:
                yield self.offered(place, "sqlite" if kind == SQLITE else FILE, why, line, database=database)

    def place(self, path: str) -> str | None:
        """Return a path of the code relative to the checkout; None if it is elsewhere."""
        for project in self.projects:
            if path.startswith(f"{project}/"):
                return path_in_checkout(path[len(project) + 1 :])
        return path_in_checkout(path, self.chdir)

    def offered(self, place: str, kind: str, why: str, line: int, *, database: bool) -> WritePath:
        """Return a path to suggest: for a file in its own folder, that folder."""
        folder = parent_folder(place)
        checkout = self.code.checkout
        inside = READ_ONLY_FOLDERS & set(folder.split("/"))
        own = folder.rpartition("/")[2] not in READ_ONLY_FOLDERS and not (inside and has_content(checkout, folder))
        if folder and own and folder not in checkout.code_folders:
            return WritePath(folder, "folder", why, self.file, line, database)
        return WritePath(place, kind, why, self.file, line, database)


def _constant(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _key(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return _constant(target.slice)
    return target.id if isinstance(target, ast.Name) else ""
