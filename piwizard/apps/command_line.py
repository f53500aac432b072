"""Find the command line that an app reads, and how its author fills it in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from piwizard.answers import validators as v
from piwizard.apps.bindings import decorator_name, is_main_guard
from piwizard.apps.call_graph import files_of_app
from piwizard.apps.process_commands import split_words
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.start_commands import numbered_lines, supervisor_files, unit_files
from piwizard.system.lazy_dataclass import dataclass

START_FILES = (
    "Procfile", "Dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", "Makefile",
    "crontab", "rc.local",
)  # fmt: skip
INSTRUCTIONS = re.compile(r"(?i)(?:readme|install|setup|usage)(?:\.\w+)?")
STARTS = re.compile(r"python|\./|^\s*(?:ExecStart|command)")
SHELL_END = re.compile(r"\s(?:&&?|\|\|?|;|>>?|2>|#).*|[`;&].*")
PLACEHOLDER = re.compile(r"[\[\]…]|\.\.\.")
LIST_MARKS = re.compile(r"[\[\],\"]")
EXAMPLE_VALUES = {
    **dict.fromkeys(("ip", "host", "hostname", "address", "bind", "addr"), "127.0.0.1"), "port": "8000",
}  # fmt: skip
"""Arguments of the author's own server, which gunicorn replaces: their values do not matter."""
PARSERS = frozenset({"parse_args", "parse_known_args", "getopt", "docopt"})
MAX_LINE_LENGTH, MAX_REQUIRED = 500, 10


@dataclass(frozen=True)
class CommandLine:
    """The command line of an app.

    `text` is what its author gives, and `place` where that was found; both are "" if nothing shows it. `required` are
    the arguments without which the app does not start, and `reader` is where it asks for them.
    """

    text: str
    place: str
    required: tuple[str, ...]
    reader: str


def find_command_line(checkout: RepositoryCheckout, entry_file: str, *, script: bool) -> tuple[CommandLine, ...]:
    """Return the command line of the app in `entry_file`, if it reads one.

    Not `script`: the file is imported, and what only runs under `__main__` does not count.
    """
    if entry_file not in checkout.python:
        return ()
    required, reader = _required(checkout, entry_file, script=script)
    if not required and not _reads_words(checkout, entry_file, script=script):
        return ()
    text, place = next(_shown(checkout, entry_file, required), ("", ""))
    if not text and required and all(_plain(one) in EXAMPLE_VALUES for one in required):
        text, place = " ".join(_with_value(one) for one in required), reader
    return (CommandLine(text, place, required, reader),) if text or required else ()


def _with_value(name: str) -> str:
    value = EXAMPLE_VALUES[_plain(name)]
    return f"{name} {value}" if name.startswith("-") else value


def _plain(name: str) -> str:
    return name.strip("-").lower()


def _required(checkout: RepositoryCheckout, entry_file: str, *, script: bool) -> tuple[tuple[str, ...], str]:
    """Return the arguments that argparse or click requires, and the place of the first."""
    for file in files_of_app(checkout, entry_file):
        if not checkout.mentions(file, b"add_argument", b"click") or not (script or _parses_on_import(checkout, file)):
            continue
        found: dict[str, int] = {}
        for node in checkout.nodes(file):
            if isinstance(node, ast.Call) and (name := _required_name(node)):
                found.setdefault(name, node.lineno)
        if found:
            return tuple(found)[:MAX_REQUIRED], f"{file}:{min(found.values())}"
    return _required_words(checkout, entry_file, script=script)


def _required_words(checkout: RepositoryCheckout, file: str, *, script: bool) -> tuple[tuple[str, ...], str]:
    """Return the words of its command line that a file reads by their number, whatever it gets."""
    if not checkout.mentions(file, b"argv") or checkout.mentions(file, b"len(sys.argv", b"len(argv", b"IndexError"):
        return (), ""
    found: dict[int, int] = {}
    for node in checkout.nodes(file) if script else _nodes_on_import(checkout, file):
        match node:
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id="sys"), attr="argv"),
                               slice=ast.Constant(value=int(number))) if number > 0:  # fmt: skip
                found.setdefault(number, node.lineno)
    names = tuple(f"argument-{number}" for number in range(1, max(found, default=0) + 1))
    return names[:MAX_REQUIRED], f"{file}:{min(found.values())}" if found else ""


def _required_name(call: ast.Call) -> str:
    """Return the argument that a call adds, if the app does not start without it."""
    kind = decorator_name(call.func)
    names = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    given = {word.arg: word.value for word in call.keywords}
    if kind not in {"add_argument", "argument", "option"} or not names or {"default", "envvar"} & given.keys():
        return ""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if kind != "add_argument" and getattr(owner, "id", "") != "click":
        return ""
    required, nargs = given.get("required"), given.get("nargs")
    asked = isinstance(required, ast.Constant) and required.value is True
    if names[0].startswith("-"):
        return next((name for name in names if name.startswith("--")), names[0]) if asked else ""
    optional = isinstance(nargs, ast.Constant) and nargs.value in ("?", "*")
    return "" if optional or (required is not None and not asked) else names[0]


def _parses_on_import(checkout: RepositoryCheckout, file: str) -> bool:
    nodes = _nodes_on_import(checkout, file)
    return any(isinstance(node, ast.Call) and decorator_name(node.func) in PARSERS for node in nodes)


def _nodes_on_import(checkout: RepositoryCheckout, file: str) -> Iterator[ast.AST]:
    tree = checkout.parsed(file)
    for statement in tree.body if tree else ():
        guarded = isinstance(statement, ast.If) and is_main_guard(statement.test)
        if not guarded and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ast.walk(statement)


def _reads_words(checkout: RepositoryCheckout, file: str, *, script: bool) -> bool:
    """Return whether a file reads words of its command line, by itself or by a parser."""
    for node in checkout.nodes(file) if script else _nodes_on_import(checkout, file):
        match node:
            case ast.Attribute(value=ast.Name(id="sys"), attr="argv"):
                return True
            case ast.Call() if decorator_name(node.func) in PARSERS:
                return True
    return False


def _shown(checkout: RepositoryCheckout, entry_file: str, required: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the command lines with which the repository starts a file.

    Those of instructions count only where the file requires some: they are often examples.
    """
    scripts = (name for name in checkout.names() if name.endswith(".sh"))
    told = [name for name in checkout.names() if INSTRUCTIONS.fullmatch(name)] if required else []
    for file in dict.fromkeys((*unit_files(checkout), *supervisor_files(checkout), *START_FILES, *scripts, *told)):
        for number, line in numbered_lines(checkout, file):
            text = _arguments_in(line, entry_file)
            if text and _has_all(text, required):
                yield text, f"{file}:{number}"


def _arguments_in(line: str, entry_file: str) -> str:
    """Return what follows a file on a command line; "" if only the author's shell knows its values."""
    before, found, after = line[:MAX_LINE_LENGTH].partition(PurePosixPath(entry_file).name)
    if not found or not STARTS.search(before):
        return ""
    if '["' in before:  # a list, as in a Dockerfile
        after = LIST_MARKS.sub(" ", after)
    words = split_words(SHELL_END.sub("", after.strip("\"' ")))
    if PLACEHOLDER.search(" ".join(words)):
        return ""
    try:
        return v.arguments(" ".join(words)) if words else ""
    except v.Invalid:
        return ""


def _has_all(text: str, required: tuple[str, ...]) -> bool:
    """Return whether a command line may have all that is required: options by name, others by their number."""
    words = split_words(text)
    options = [one for one in required if one.startswith("-")]
    short = sum(bool(re.fullmatch(r"-\w", word)) for word in words)
    named = sum(one in words or any(word.startswith(f"{one}=") for word in words) for one in options)
    return named + short >= len(options) and len(words) >= len(required) - len(options)
