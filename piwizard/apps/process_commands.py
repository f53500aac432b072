"""Translate an author's command lines into commands of the app's own environment."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
from collections.abc import Container, Sequence
from pathlib import PurePosixPath

from piwizard.answers import validators as v
from piwizard.apps.lockfiles import as_table, read_toml
from piwizard.apps.modules import find_module, join_path
from piwizard.apps.repository_checkout import RepositoryCheckout

PYTHON = re.compile(r"python(?:3(?:\.\d{1,2})?)?")
PYTHON_OPTIONS = ("-u", "-B", "-O", "-OO")
WRAPPERS = {"exec": 0, "nohup": 0, "setsid": 0, "sudo": 0, "uv": 1, "poetry": 1, "pipenv": 1}
"""Programs that start another one, and how many words of their own follow, such as "run"."""
UNBUFFERED = "PYTHONUNBUFFERED="
SERVERS = frozenset({"gunicorn", "uwsgi", "waitress-serve", "uvicorn", "hypercorn", "daphne", "hupper"})
WORKERS = frozenset({"celery", "rq", "rqworker", "huey_consumer", "huey_consumer.py", "dramatiq", "arq", "taskiq"})
"""Programs that run an app's jobs, and that its environment has if it uses them."""
FLASK_INTERACTIVE = ("run", "shell", "routes")
SERVING_OBJECTS = frozenset({"app", "application", "socketio", "server"})
SERVING_OPTIONS = frozenset({"debug", "host", "port", "use_reloader"})
SERVING_FUNCTIONS = frozenset({"serve", "serve_forever", "run_simple"})
REDIRECTION = re.compile(r"\d?>>?[ \t]{0,4}&?[\w./~${}-]+|&>>?[ \t]{0,4}[\w./~${}-]+|<[ \t]{0,4}/dev/null")
FULL_PATHS = ("/", "~", "$", "%", "{", "@")
"""Beginnings of paths on the author's machine, with what a script of the author replaces."""
REPLACED_PYTHON = re.compile(r"[{@<_]+\w*python\w*[}@>_]+", re.IGNORECASE)
SHELLS = ("sh", "bash", "dash")


def split_shell_line(checkout: RepositoryCheckout, line: str, folder: str = "") -> tuple[list[str], str]:
    """Return the words of the last command of a shell line, and its folder.

    The folder is the one that `cd` enters. There are no words if the line needs a shell.
    """
    *before, last = re.split(r"&&|;", REDIRECTION.sub(" ", line).strip().rstrip(";"))
    for part in before:
        words = split_words(part)
        if words[:1] == ["cd"] and len(words) == 2:
            folder = folder_in_checkout(checkout, words[1], folder)
    return ([] if "|" in last else split_words(last)), folder


def split_words(text: str) -> list[str]:
    """Return the words of a command; none if its quotes are not balanced."""
    try:
        return shlex.split(text)
    except ValueError:
        return []


def folder_in_checkout(checkout: RepositoryCheckout, path: str, folder: str = "") -> str:
    """Return the folder of the checkout that a path on the author's machine means.

    "" is the checkout itself.
    """
    if not path.startswith(FULL_PATHS):
        inside = posixpath.normpath(join_path(folder, path)).lstrip("./")
        return inside if inside and checkout.is_dir(inside) else ""
    return next((tail for tail in _tails(path) if checkout.is_dir(tail)), "")


def _file_in_checkout(checkout: RepositoryCheckout, path: str, folder: str) -> str | None:
    if not path.startswith(FULL_PATHS):
        inside = posixpath.normpath(join_path(folder, path))
        return next((one for one in (inside, posixpath.normpath(path)) if checkout.is_file(one)), None)
    return next((tail for tail in _tails(path) if checkout.is_file(tail)), None)


def _tails(path: str) -> list[str]:
    """Return the ends of a path, the longest first.

    One of them is its path in the checkout.
    """
    parts = [part for part in path.split("/") if part not in ("", ".", "~")]
    return [] if ".." in parts else ["/".join(parts[start:]) for start in range(len(parts))]


class CommandReader:
    """Translates commands for an app that starts in the folder `start`.

    `entry_file` is the file of the app that the web service runs.
    """

    def __init__(self, checkout: RepositoryCheckout, entry_file: str, start: str) -> None:
        self.checkout, self._entry_file, self._start = checkout, entry_file, start
        project = as_table(read_toml(checkout, "pyproject.toml").get("project"))
        self._scripts: Container[str] = as_table(project.get("scripts")).keys()

    def translate(self, words: Sequence[str], folder: str = "") -> str | None:
        """Return the command in the form of app.processes.

        None for the web server itself, and for what the app's environment cannot run.
        """
        argv = self._argv(list(words), folder)
        if not argv:
            return None
        try:
            return str(v.command(shlex.join(argv)))
        except v.Invalid:
            return None

    def serves(self, words: Sequence[str]) -> bool:
        """Return whether a command starts the app's web server."""
        names = [PurePosixPath(word).name for word in words]
        if SERVERS & set(names) or ("flask" in names and "run" in names):
            return True
        modules = [word for word, before in zip(words[1:], words, strict=False) if before == "-m"]
        files = [_file_in_checkout(self.checkout, word, "") for word in words]
        files += [find_module(self.checkout, self._start, one) for one in modules if one.isidentifier()]
        files += [find_module(self.checkout, self._start, f"{one}.__main__") for one in modules]
        known = [file for file in files if file]
        return any(self._starts_app(file) if file.endswith(".sh") else self._serves(file) for file in known)

    def _starts_app(self, file: str) -> bool:
        """Return whether a shell script starts the app's web server."""
        words = set(re.split(r"[\s/\"'=]+", self.checkout.text(file)))
        return bool(words & {PurePosixPath(self._entry_file).name, "flask", *SERVERS})

    def _argv(self, words: list[str], folder: str) -> list[str] | None:
        while words and (words[0] in WRAPPERS or words[0].startswith(UNBUFFERED)):
            words = words[1 + WRAPPERS.get(words[0], 0) :]
        if not words:
            return None
        program, rest = PurePosixPath(words[0]).name, words[1:]
        if program in SHELLS and rest[:1] == ["-c"] and len(rest) == 2:
            inner, folder = split_shell_line(self.checkout, rest[1], folder)
            return self._argv(inner, folder)
        if PYTHON.fullmatch(program) or REPLACED_PYTHON.fullmatch(program):
            return self._python(rest, folder)
        if program == "flask":
            plain = rest[2:] if rest[:1] in (["--app"], ["-A"]) else rest
            return ["flask", *rest] if plain and plain[0] not in FLASK_INTERACTIVE else None
        if program in WORKERS or (program in self._scripts and program not in SERVERS):
            return [program, *rest]
        return self._script(words[0], rest, folder) if words[0].endswith(".py") else None

    def _python(self, rest: list[str], folder: str) -> list[str] | None:
        while rest and rest[0] in PYTHON_OPTIONS:
            rest = rest[1:]
        if len(rest) > 1 and rest[0] == "-m":
            module, arguments = rest[1], rest[2:]
            if module in SERVERS or module in WORKERS or module == "flask":
                return self._argv([module, *arguments], folder)
            package = find_module(self.checkout, self._start, f"{module}.__main__")
            file = package or find_module(self.checkout, self._start, module)
            return ["python", "-m", module, *arguments] if file and not self._serves(file) else None
        return self._script(rest[0], rest[1:], folder) if rest else None

    def _script(self, path: str, arguments: list[str], folder: str) -> list[str] | None:
        file = _file_in_checkout(self.checkout, path, folder)
        if file is None or self._serves(file):
            return None
        return ["python", posixpath.relpath(file, self._start or "."), *arguments]

    def _serves(self, file: str) -> bool:
        """Return whether a file runs a web server."""
        if file == self._entry_file:
            return True
        calls = (node for node in self.checkout.nodes(file) if isinstance(node, ast.Call))
        return any(_starts_server(call) for call in calls)


def _starts_server(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name != "run" or not isinstance(call.func, ast.Attribute):
        return name in SERVING_FUNCTIONS
    holder = getattr(call.func.value, "id", "")
    return holder in SERVING_OBJECTS or any(word.arg in SERVING_OPTIONS for word in call.keywords)
