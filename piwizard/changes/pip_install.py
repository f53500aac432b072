"""Install an app's packages by several calls of pip."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from piwizard.system import commands, files, safe_open
from piwizard.system.lazy_dataclass import dataclass

LINES = ".piwizard-requirements.txt"
CONSTRAINTS = ".piwizard-constraints.txt"
PINS = ".piwizard-pins.txt"
MAX_LIST_BYTES = 1 << 20
"""Bytes of a requirements file."""
NAMED = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[[\w.,\s-]*\])?\s*(?:\(?[<>=!~][^@/;]*)?(?:;.*)?(?:--hash=\S+\s*)*")
"""A requirement by name and version, without a path or an address."""
HARMLESS_OPTION = re.compile(r"--(?:hash|index-url|extra-index-url|pre|prefer-binary|only-binary|no-binary)\b.*")
"""Options of a requirements file that refer to nothing in the code."""


@dataclass(frozen=True)
class PipInstall:
    """The packages of an app, and those that piwizard adds.

    `arguments`, `lines` and `constraints` are the app's own list: `lines` and `constraints` are requirements that pip
    cannot read from the app's files. `apart` are projects that a list with hashes cannot contain; their requirements
    are in the list. `added` are gunicorn and Flask: one list with hashes makes pip require hashes of everything in its
    call, and an old version that the list pins would keep gunicorn old. `pins` are the versions that `added` must not
    change. `inputs` are files of the code that decide what is installed. `system`: the environment sees the system's
    packages; `again` are those of them that it needs as its own. `rebuilt` is the day of a rebuild with newer versions.
    """

    arguments: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    system: bool = False
    again: tuple[str, ...] = ()
    rebuilt: str = ""

    def calls(self) -> Iterator[tuple[str, ...]]:
        """Yield the arguments of each call of `pip install`, in order."""
        if self.arguments or self.lines:
            constraints = ("-c", CONSTRAINTS) if self.constraints else ()
            yield (*(("-r", LINES) if self.lines else ()), *constraints, *self.arguments)
        if self.apart:
            yield ("--no-deps", *self.apart)
        if self.added:
            yield (*(("-c", PINS) if self.pins else ()), *self.added)
        if self.again:
            yield ("--ignore-installed", "--no-deps", *self.again)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the names and contents of the files that the calls read."""
        for name, lines in ((LINES, self.lines), (CONSTRAINTS, self.constraints), (PINS, self.pins)):
            yield name, "".join(f"{line}\n" for line in lines).encode()

    def repeatable(self, code: Path) -> bool:
        """Return whether only packages of an index are installed, by names and versions.

        Folders and addresses can contain something else for each version of the code.
        """
        arguments = list(self.arguments)
        lines = [*self.lines, *self.constraints, *self.added, *self.pins]
        while arguments:
            argument = arguments.pop(0)
            if argument != "-r" or not arguments or arguments[0] not in self.inputs:
                lines.append(argument)
                continue
            content = safe_open.read_file(code, PurePath(arguments.pop(0)), MAX_LIST_BYTES) or b""
            if len(content) == MAX_LIST_BYTES:
                return False
            lines += content.decode(errors="replace").splitlines()
        return not self.apart and all(_is_named(line) for line in lines)

    def recipe(self, python: str, code: Path) -> bytes:
        """Return everything that decides what is installed.

        It is stored beside a finished environment.
        """
        contents = {path: safe_open.read_file(code, PurePath(path), MAX_LIST_BYTES) for path in self.inputs}
        built_with: dict[str, object] = {
            "python": str(Path(commands.which(python) or python).resolve()),
            "install": (*self.added, *self.arguments),
            "lines": self.lines,
            "constraints": self.constraints,
            "inputs": {path: files.digest(content or b"") for path, content in contents.items()},
        }
        # Absent where empty: environments that were built before there were such calls count as up to date.
        built_with |= {"apart": self.apart} if self.apart else {}
        built_with |= {"rebuilt": self.rebuilt} if self.rebuilt else {}
        built_with |= {"system": True, "again": self.again} if self.system else {}
        return json.dumps(built_with).encode()


def _is_named(line: str) -> bool:
    text = re.sub(r"(?:^|\s)#.*", "", line).rstrip("\\").strip()
    return not text or bool(NAMED.fullmatch(text) or HARMLESS_OPTION.fullmatch(text))
