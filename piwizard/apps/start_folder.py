"""Find the folder in which an app's author starts it, for relative paths."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import islice

from piwizard.apps.bindings import decorator_name
from piwizard.apps.const_eval import path_in_checkout
from piwizard.apps.modules import folders_above, join_path, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.start_commands import numbered_lines
from piwizard.system.lazy_dataclass import dataclass

PYTHON_PROGRAM = re.compile(r"(?:.*/)?python[\d.]*")
SCRIPT_FOLDER = re.compile(r"""cd\s+["']?(?:\$\(\s*dirname\b.*|\$\{?DIR\}?|\$\{0%.*)""")
UNIT_SETTING = re.compile(r"\s*(WorkingDirectory|ExecStart)\s*=\s*-?(.*)")
READING_CALLS = frozenset({
    "open", "Path", "read_csv", "read_json", "read_text", "imread", "connect", "load_model", "read", "exists", "isfile",
    "isdir", "listdir", "CascadeClassifier", "Image", "load",
})  # fmt: skip
MAX_FOLDERS, MAX_LITERALS = 40, 300


@dataclass(frozen=True)
class StartFolder:
    """A folder of the checkout ("": the checkout), and where that was seen."""

    folder: str
    why: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """Return the reason and its place as a person reads it."""
        return f"{self.why} ({self.file}:{self.line})"


def find_start_folder(checkout: RepositoryCheckout, entry_file: str, default: str) -> StartFolder | None:
    """Return the folder to start `entry_file` in; None if nothing shows it.

    systemd units come first, then scripts that start the file, then paths of files that exist in one folder only.
    """
    if not entry_file:
        return None
    found = [*_from_units(checkout, entry_file), *_from_scripts(checkout, entry_file)]
    return next(iter(found), None) or _from_literals(checkout, entry_file, default)


def _from_units(checkout: RepositoryCheckout, entry_file: str) -> Iterator[StartFolder]:
    for folder in ("", *(name for name in checkout.names()[:MAX_FOLDERS] if checkout.is_dir(name))):
        for name in checkout.names(folder):
            if name.endswith(".service"):
                yield from _from_unit(checkout, join_path(folder, name), entry_file)


def _from_unit(checkout: RepositoryCheckout, file: str, entry_file: str) -> Iterator[StartFolder]:
    said = {match[1]: (match[2].strip(), number) for number, line in numbered_lines(checkout, file)
            if (match := UNIT_SETTING.match(line))}  # fmt: skip
    folder, line = said.get("WorkingDirectory", ("", 0))
    command, _ = said.get("ExecStart", ("", 0))
    if not folder.startswith("/"):
        return
    for word in _words(command):
        if word.endswith(f"/{entry_file}"):
            root = word[: -len(entry_file)]
        elif not word.startswith("/") and word.endswith(".py") and entry_file.endswith(word):
            inner = entry_file[: -len(word)].strip("/")
            root = f"{folder.rstrip('/')}/"[: -len(inner) - 1 or None] if folder.endswith(inner) else ""
        else:
            continue
        inside = f"{folder.rstrip('/')}/"
        if root and inside.startswith(root):
            yield StartFolder(inside[len(root) :].strip("/"), "a systemd unit starts it there", file, line)
            return


def _from_scripts(checkout: RepositoryCheckout, entry_file: str) -> Iterator[StartFolder]:
    names = [name for name in checkout.names() if name.endswith(".sh") or name in ("Procfile", "Makefile")]
    for file in names[:MAX_FOLDERS]:
        here = parent_folder(file)
        for number, line in numbered_lines(checkout, file):
            for part in re.split(r"&&|;|\|\|", line.partition(":")[2] if file == "Procfile" else line):
                command = part.strip()
                if SCRIPT_FOLDER.match(command):
                    here = parent_folder(file)
                elif command.startswith("cd "):
                    words = _words(command)
                    here = path_in_checkout(words[1], here) or "" if len(words) > 1 else here
                for word in _started_by_python(command):
                    if path_in_checkout(word, here) == entry_file:
                        yield StartFolder(here, "a start script starts it there", file, number)


def _started_by_python(command: str) -> Iterator[str]:
    words = _words(command)
    for position, word in enumerate(words):
        if PYTHON_PROGRAM.fullmatch(word):
            yield from (one for one in words[position + 1 :] if one.endswith(".py"))


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _from_literals(checkout: RepositoryCheckout, entry_file: str, default: str) -> StartFolder | None:
    """Return the folder that alone has the files that the entry opens."""
    folders = tuple(dict.fromkeys([default, *folders_above(entry_file)]))
    found: dict[str, StartFolder] = {}
    for node, path in islice(_read_paths(checkout, entry_file), MAX_LITERALS):
        there = [one for one in folders if _exists(checkout, path, one)]
        if len(there) == 1:
            why = f"{path} is there"
            found.setdefault(there[0], StartFolder(there[0], why, entry_file, node.lineno))
    return next(iter(found.values())) if len(found) == 1 else None


def _read_paths(checkout: RepositoryCheckout, file: str) -> Iterator[tuple[ast.Call, str]]:
    for node in checkout.nodes(file):
        match node:
            case ast.Call(args=[ast.Constant(value=str(path)), *_]) if decorator_name(node.func) in READING_CALLS:
                if path and not path.startswith("/") and len(path) < 200 and path.isprintable():
                    yield node, path


def _exists(checkout: RepositoryCheckout, path: str, folder: str) -> bool:
    inside = path_in_checkout(path, folder)
    return bool(inside) and (checkout.is_file(str(inside)) or checkout.is_dir(str(inside)))
