"""Find paths of the author's own Pi in the code, such as /home/pi/sensor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from piwizard.apps.repository_checkout import RepositoryCheckout, is_script

HOME_PATH = re.compile(r"(/home/[\w.-]+|/root)((?:/[\w.@+-]+)+)/?", re.ASCII)
DISK_PATH = re.compile(r"/(?:mnt|media)(?:/[\w.@+-]+){2,}/?", re.ASCII)
WORDS = (b"/home/", b"/root/", b"/mnt/", b"/media/")
URL_CALLS = frozenset({
    "route", "get", "post", "put", "delete", "patch", "redirect", "add_url_rule", "register_blueprint", "Blueprint",
    "url_for", "websocket",
})  # fmt: skip
MODULE_PATH_OWNERS = frozenset({"path"})
"""sys.path: a folder of modules, not of data."""
MAX_PATHS = 50
MAX_NODES = 20_000
DATA, CODE = "data", "code"


@dataclass(frozen=True)
class AuthorPath:
    """A path in the code.

    `project` is the folder in which the author keeps this repository; "" if not known. `inside` is the
    path in the repository then.
    """

    path: str
    file: str
    line: int
    project: str = ""
    inside: str = ""

    @property
    def on_disk(self) -> bool:
        """Return whether it is on a removable disk, not in a home folder."""
        return self.path.startswith(("/mnt/", "/media/"))

    @property
    def folder(self) -> str:
        """Return the folder of a file, or the folder that the path names."""
        return self.path.rpartition("/")[0] if PurePosixPath(self.path).suffix else self.path


def find_author_paths(checkout: RepositoryCheckout) -> tuple[AuthorPath, ...]:
    """Return the author's paths in the app's code."""
    found: dict[str, AuthorPath] = {}
    for file in checkout.python:
        if is_script(file) or not checkout.mentions(file, *WORDS):
            continue
        for path, line in _literal_paths(checkout.nodes(file)[:MAX_NODES]):
            project, inside = _place_in_checkout(checkout, path)
            found.setdefault(path, AuthorPath(path, file, line, project, inside))
    projects = {one.project for one in found.values() if one.project}
    return tuple(islice((_below(one, projects) for one in found.values()), MAX_PATHS))


def _below(found: AuthorPath, projects: Iterable[str]) -> AuthorPath:
    """Return a path with the project that it is below: it may be a file that the app creates there."""
    for project in projects:
        if not found.project and found.path.startswith(f"{project}/"):
            return AuthorPath(found.path, found.file, found.line, project, found.path[len(project) + 1 :])
    return found


def _literal_paths(nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    skipped = {id(part) for node in nodes if _is_about_urls(node) for part in ast.walk(node)}
    for node in nodes:
        if id(node) in skipped:
            continue
        match node:
            case ast.Constant(value=str(text), lineno=line):
                if HOME_PATH.fullmatch(text) or DISK_PATH.fullmatch(text):
                    yield text.rstrip("/"), line
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_], lineno=line):
                folder = start.rpartition("/")[0]
                if HOME_PATH.fullmatch(folder) or DISK_PATH.fullmatch(folder):
                    yield folder, line


def _is_about_urls(node: ast.AST) -> bool:
    """Return whether a call names URLs, or folders of modules."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = getattr(node.func, "value", None)
    modules = name in {"append", "insert"} and isinstance(owner, ast.Attribute) and owner.attr in MODULE_PATH_OWNERS
    return name in URL_CALLS or modules


def _place_in_checkout(checkout: RepositoryCheckout, path: str) -> tuple[str, str]:
    """Return the author's folder of the repository, and the path in it; empty if it is not there."""
    found = HOME_PATH.fullmatch(path)
    if not found:
        return "", ""
    parts = found[2].strip("/").split("/")
    for start in range(1, len(parts)):
        inside = "/".join(parts[start:])
        if checkout.is_file(inside) or checkout.is_dir(inside):
            return "/".join((found[1], *parts[:start])), inside
    return "", ""


def shown_folders(paths: Iterable[AuthorPath]) -> dict[str, str]:
    """Return where the app sees its data or its code: {"/home/pi/sensor": "data"}.

    Folders of one home without the repository are one folder, so that the data has them all.
    """
    shown: dict[str, str] = {}
    free: dict[str, list[str]] = {}
    for one in paths:
        if one.project:
            shown[one.project] = CODE
        elif not one.on_disk and (found := HOME_PATH.fullmatch(one.path)):
            free.setdefault(found[1], []).append(one.folder)
    for folders in free.values():
        top = _common_folder(folders)
        if not any(_overlap(top, other) for other in shown):
            shown[top] = DATA
    return shown


def _common_folder(folders: list[str]) -> str:
    parts = [folder.split("/") for folder in folders]
    length = next(
        (number for number, names in enumerate(zip(*parts, strict=False)) if len(set(names)) > 1),
        min(len(names) for names in parts),
    )
    return "/".join(parts[0][:length])


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
