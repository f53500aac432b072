"""Find paths of the author's own Pi in the code, such as /home/pi/sensor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import HOME_ROOT
from piwizard.apps.hardware import STARTERS, command_words
from piwizard.apps.path_values import PathValues
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.start_commands import numbered_lines, supervisor_files, unit_files
from piwizard.system.lazy_dataclass import dataclass

HOME_PATH = re.compile(r"(/home/[\w.-]+|/root|~)((?:/[\w.@+-]+)+)/?", re.ASCII)
DISK_PATH = re.compile(r"/(?:mnt|media)(?:/[\w.@+-]+){2,}/?", re.ASCII)
HOME_WORDS = (b"~", b"HOME", b".home(")
WORDS = (b"/home/", b"/root/", b"/mnt/", b"/media/", *HOME_WORDS)
HOME = "~"
"""The home folder of whoever runs the app: its data."""
URL_CALLS = frozenset({
    "route", "get", "post", "put", "delete", "patch", "redirect", "add_url_rule", "register_blueprint", "Blueprint",
    "url_for", "websocket",
})  # fmt: skip
MODULE_PATH_OWNERS = frozenset({"path"})
"""sys.path: a folder of modules, not of data."""
SQLITE_URL = re.compile(r"sqlite(?:\+\w+)?:///((?:/home/[\w.-]+|/root)(?:/[\w.@+-]+)+)(?:\?.*)?", re.ASCII)
FOLDER_LINE = re.compile(r"\s*(?:WorkingDirectory\s*=|directory\s*=|cd\s)\s*[\"']?(/[\w./@+-]+)")
STARTED_FILE = re.compile(r"python[\d.]*(?:\s+-\w+)*\s+(?:\./)?(\w[\w./-]*\.py)\b")
PATH_IN_LINE = re.compile(r"(?:/home/[\w.-]+|/root)(?:/[\w.@+-]+)+", re.ASCII)
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
    opened: bool = False
    """The code opens it as a file."""
    literal: bool = False
    """The code opens it with its `~`, which Python does not replace."""

    @property
    def in_home(self) -> bool:
        """Return whether it is in the home folder of whoever runs the app."""
        return self.path.startswith(f"{HOME}/")

    @property
    def on_disk(self) -> bool:
        """Return whether it is on a removable disk, not in a home folder."""
        return self.path.startswith(("/mnt/", "/media/"))

    @property
    def folder(self) -> str:
        """Return the folder of a file, or the folder that the path names."""
        is_file = self.opened or PurePosixPath(self.path).suffix
        return self.path.rpartition("/")[0] if is_file else self.path


def find_author_paths(checkout: RepositoryCheckout) -> tuple[AuthorPath, ...]:
    """Return the author's paths in the app's code."""
    found: dict[str, AuthorPath] = {}
    for file in checkout.python:
        if is_script(file) or not checkout.mentions(file, *WORDS):
            continue
        nodes = checkout.nodes(file)[:MAX_NODES]
        for path, line in (*_literal_paths(nodes), *_paths_in_texts(nodes), *_built_paths(checkout, file, nodes)):
            project, inside = _place_in_checkout(checkout, path)
            found.setdefault(path, AuthorPath(path, file, line, project, inside))
    projects = {one.project for one in found.values() if one.project}
    if found:
        projects |= set(_projects_of_start_files(checkout))
    opened = _opened_files(checkout) if found else set()
    known = []
    for one in found.values():
        if not (one.in_home and any(other.startswith(f"{one.path}/") for other in found)):
            expanded = one.in_home and _expanded(one.path) in opened
            literal = one.in_home and one.path in opened and not expanded
            known.append(replace(_below(one, projects), opened=expanded or one.path in opened, literal=literal))
    return tuple(known[:MAX_PATHS])


def _expanded(path: str) -> str:
    """Return a path in the home folder as the evaluation of the code knows it."""
    return f"{HOME_ROOT}{path.removeprefix(HOME)}"


def _built_paths(checkout: RepositoryCheckout, file: str, nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    """Yield the paths that the code builds: ~/sensor for os.path.expanduser("~/sensor")."""
    values = PathValues(CodeIndex.of(checkout), file)
    skipped = _parts_about_urls(nodes)
    for node in nodes:
        if isinstance(node, ast.Call | ast.BinOp | ast.JoinedStr) and id(node) not in skipped:
            for one in values.of(node):
                text = (one.text if one.whole else one.folder).rstrip("/")
                path = text.replace(HOME_ROOT, HOME, 1) if one.text.startswith(f"{HOME_ROOT}/") else text
                if HOME_PATH.fullmatch(path) and (text != path or path.startswith("/")):
                    yield path, node.lineno


def _opened_files(checkout: RepositoryCheckout) -> set[str]:
    """Return the full paths that the code opens as files."""
    code = CodeIndex.of(checkout)
    opened: set[str] = set()
    for file in checkout.python:
        values = PathValues(code, file)
        for node in checkout.nodes(file) if not is_script(file) else ():
            if isinstance(node, ast.Call):
                opened |= {one.text for path in _opened(node) for one in values.of(path) if one.whole}
    return opened


def _opened(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the expressions that may be the path of a file that a call opens."""
    match call.func:
        case ast.Name(id="open" | "send_file" | "FileHandler") | ast.Attribute(attr="send_file" | "FileHandler"):
            yield from call.args[:1]
        case ast.Attribute(attr="connect", value=ast.Name(id="sqlite3")):
            yield from call.args[:1]
        case ast.Attribute(attr="open", value=owner):
            yield from (owner, *call.args[:1])
        case ast.Attribute(attr="read_text" | "read_bytes" | "write_text" | "write_bytes" | "touch", value=owner):
            yield owner


def _below(found: AuthorPath, projects: Iterable[str]) -> AuthorPath:
    """Return a path with the project that it is below: it may be a file that the app creates there."""
    for project in projects:
        if not found.project and not found.in_home and found.path.startswith(f"{project}/"):
            return AuthorPath(found.path, found.file, found.line, project, found.path[len(project) + 1 :])
    return found


def _literal_paths(nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    skipped = _parts_about_urls(nodes)
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


def _paths_in_texts(nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    """Yield the paths in URLs of SQLite, and those that are words of a command."""
    for node in nodes:
        match node:
            case ast.Constant(value=str(text), lineno=line) if found := SQLITE_URL.fullmatch(text):
                yield found[1], line
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[first, *_]) if name in STARTERS:
                words = command_words(first)
                yield from ((word, node.lineno) for word in words[1:] if HOME_PATH.fullmatch(word))


def _projects_of_start_files(checkout: RepositoryCheckout) -> Iterator[str]:
    """Yield the author's folders of the repository in units and start scripts."""
    scripts = (name for name in checkout.names() if name.endswith(".sh"))
    for file in (*unit_files(checkout), *supervisor_files(checkout), *scripts):
        lines = [line for _, line in numbered_lines(checkout, file)]
        folder = next((found[1].rstrip("/") for line in lines if (found := FOLDER_LINE.match(line))), "")
        for line in lines:
            for word in PATH_IN_LINE.finditer("" if FOLDER_LINE.match(line) else line):
                if project := _place_in_checkout(checkout, word[0])[0]:
                    yield project
            started = STARTED_FILE.search(line)
            if started and HOME_PATH.fullmatch(folder) and checkout.is_file(started[1]):
                yield folder


def _parts_about_urls(nodes: list[ast.AST]) -> set[int]:
    return {id(part) for node in nodes if _is_about_urls(node) for part in ast.walk(node)}


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
    own_home = False
    for one in paths:
        if one.in_home:
            own_home = True  # the data: nothing to show
        elif one.project:
            shown[one.project] = CODE
        elif not one.on_disk and (found := HOME_PATH.fullmatch(one.path)):
            free.setdefault(found[1], []).append(one.folder)
    for home, folders in free.items():
        # Where the code also uses `~`, both names of a file must be those of the same file.
        top = home if own_home else _common_folder(folders)
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
