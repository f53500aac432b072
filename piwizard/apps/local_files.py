"""Find files that an app reads and that their author keeps out of the repository."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import path_in_checkout
from piwizard.apps.local_modules import SAMPLE_WORDS, LocalModule, is_ignored
from piwizard.apps.path_values import PathValues
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.start_commands import numbered_lines
from piwizard.apps.write_calls import keyword_value

MAX_FILES = 20
SETTINGS_SUFFIXES = (".ini", ".cfg", ".conf")
READING_WORDS = (b"open(", b"read")


def find_local_files(checkout: RepositoryCheckout, start: str, written: tuple[str, ...]) -> tuple[LocalModule, ...]:
    """Return the missing files that git ignores, or that have a sample beside them.

    `start` is the folder that the app starts in. Those that it has `written` itself are none.
    """
    ignored = [line.strip() for _, line in numbered_lines(checkout, ".gitignore") if line.strip()]
    code = CodeIndex.of(checkout)
    found: dict[str, LocalModule] = {}
    for file in checkout.python:
        if is_script(file) or not checkout.mentions(file, *READING_WORDS):
            continue
        for call in (node for node in checkout.nodes(file) if isinstance(node, ast.Call)):
            for text in _read_paths(code, file, call):
                path = path_in_checkout(text, start)
                own = path and any(f"{path}/".startswith(f"{one}/") for one in written)
                if not path or own or path in found or len(found) >= MAX_FILES or checkout.inside(path) is not None:
                    continue
                sample = _sample(checkout, path)
                if PurePosixPath(path).suffix and (sample or is_ignored(path, ignored)):
                    found[path] = LocalModule("", path, file, call.lineno, sample)
    return tuple(found.values())


def _read_paths(code: CodeIndex, file: str, call: ast.Call) -> Iterator[str]:
    """Yield the paths of the files that a call reads."""
    first = call.args[0] if call.args else None
    mode = keyword_value(call, "mode") or (call.args[1] if len(call.args) > 1 else None)
    plain = mode is None or (isinstance(mode, ast.Constant) and str(mode.value).startswith("r"))
    settings_alone = False
    match call.func:
        case ast.Name(id="open") if plain:
            path = first
        case ast.Attribute(attr="read_text" | "read_bytes", value=owner):
            path = owner
        case ast.Attribute(attr="read"):
            path, settings_alone = first, True  # of configparser
        case _:
            return
    for value in PathValues(code, file).of(path):
        if value.whole and (not settings_alone or value.text.endswith(SETTINGS_SUFFIXES)):
            yield value.text


def _sample(checkout: RepositoryCheckout, path: str) -> str:
    """Return the sample of a file beside it: config.example.yaml, config.yaml.sample, example.config.yaml …"""
    here = PurePosixPath(path)
    for word in SAMPLE_WORDS:
        names = (
            f"{here.stem}.{word}{here.suffix}",
            f"{here.stem}_{word}{here.suffix}",
            f"{here.stem}-{word}{here.suffix}",
            f"{here.name}.{word}",
            f"{word}.{here.name}",
            f"{word}_{here.name}",
        )
        for name in names:
            if checkout.is_file(beside := str(here.with_name(name))):
                return beside
    return ""
