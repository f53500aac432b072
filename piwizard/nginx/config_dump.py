"""Parse the output of `nginx -T`: all configuration files in one text."""

from __future__ import annotations

import fnmatch
import os.path
import re

from piwizard.errors import PiwizardError
from piwizard.nginx.config_syntax import Directive, parse

_MARK = re.compile(r"^# configuration file (?P<path>/.*):$", re.MULTILINE)


def files(dump: str) -> dict[str, str]:
    """Return the texts by path, the main file first."""
    marks = list(_MARK.finditer(dump))
    ends = [*(mark.start() for mark in marks), len(dump)][1:]
    return {mark["path"]: dump[mark.end() + 1 : end] for mark, end in zip(marks, ends, strict=False)}


def read_dump(dump: str) -> Directive:
    """Return the main file with each `include` replaced by the included files."""
    texts = files(dump)
    if not texts:
        raise PiwizardError("`nginx -T` printed no configuration.", hint="Run `sudo nginx -t` to see the error.")
    blocks = {path: parse(text, path) for path, text in texts.items()}
    main = next(iter(blocks))
    _resolve(blocks[main], blocks, os.path.dirname(main))
    return blocks[main]


def _resolve(block: Directive, blocks: dict[str, Directive], folder: str) -> None:
    resolved: list[Directive] = []
    for child in block.children:
        if child.name == "include" and child.args:
            pattern = os.path.join(folder, child.args[0])
            for path in sorted(path for path in blocks if _included(path, pattern)):
                _resolve(blocks[path], blocks, folder)
                resolved += blocks[path].children
        else:
            _resolve(child, blocks, folder)
            resolved.append(child)
    block.children = resolved


def _included(path: str, pattern: str) -> bool:
    """Match like glob: a star does not match a slash."""
    parts, patterns = path.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))
