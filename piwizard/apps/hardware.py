"""Find the hardware that an app uses.

Imports, requirements, device paths, started programs and the repository's own systemd units show it.
"""

from __future__ import annotations

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from piwizard.apps.hardware_catalogue import (
    BY_NAME,
    CALLS,
    LOADS,
    PROGRAMS,
    HardwareLibrary,
    library_of_distribution,
    library_of_module,
)
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports, import_line, is_own_module
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script, scan_checkout
from piwizard.apps.requirements import find_requirements
from piwizard.apps.start_commands import numbered_lines, unit_files
from piwizard.apps.version_specs import distribution_of
from piwizard.system.device_errors import DEVICE_PATHS
from piwizard.system.lazy_dataclass import dataclass

MAX_USES = 50
MAX_USES_PER_FILE = 20
MAX_TEXT = 300
WORDS = (b"/dev/", b"/sys/", b"w1_", b"org.bluez")
STARTERS = {
    "system", "popen", "run", "call", "Popen", "check_call", "check_output", "getoutput", "getstatusoutput",
    "create_subprocess_exec", "create_subprocess_shell", "execvp", "spawn", "Command",
}  # fmt: skip
GROUP_KINDS = {
    "gpio": "gpio", "i2c": "i2c", "spi": "spi", "dialout": "serial", "video": "camera", "audio": "audio",
    "input": "input", "plugdev": "usb", "bluetooth": "bluetooth",
}  # fmt: skip
SOCKET_FAMILIES = {"AF_BLUETOOTH": "bluetooth"}
UNIT_GROUPS = re.compile(r"\s*(?:SupplementaryGroups|Group)\s*=\s*(.*)")


@dataclass(frozen=True)
class HardwareUse:
    """One place in an app that uses hardware.

    `kinds` are device classes, `library` is a name of the catalogue ("": none), `package` a Debian package with a
    program that the code starts ("": none), `device` a path in the code such as /dev/serial0 ("": none).
    """

    kinds: tuple[str, ...]
    why: str
    file: str
    line: int
    library: str = ""
    package: str = ""
    device: str = ""

    @property
    def text(self) -> str:
        """Return the reason and its place as a person reads it."""
        return f"it {self.why} ({self.file}:{self.line})" if self.line else f"it {self.why} ({self.file})"


def find_hardware(root: Path | RepositoryCheckout) -> tuple[HardwareUse, ...]:
    """Return the places in a checkout that use hardware or libraries of the system."""
    checkout = scan_checkout(root)
    found: list[HardwareUse] = []
    for file in checkout.python:
        if not is_script(file) and len(found) < 4 * MAX_USES:
            found += islice(_uses_in_code(checkout, file), MAX_USES_PER_FILE)
    found += _uses_in_requirements(checkout)
    found += _uses_in_units(checkout)
    once = {(use.kinds, use.library, use.package, use.device): use for use in reversed(found)}
    return tuple(sorted(once.values(), key=found.index)[:MAX_USES])


def _uses_in_code(checkout: RepositoryCheckout, file: str) -> Iterator[HardwareUse]:
    tree = checkout.parsed(file)
    if tree is None:
        return
    modules = tuple(islice(absolute_imports(tree), MAX_IMPORTS))
    wanted = dict.fromkeys(module.partition(".")[0] for module in modules)
    libraries = []
    for module in (one for one in modules if one in LOADS):
        line = import_line(tree, module.partition(".")[0])
        yield _library_use(BY_NAME[LOADS[module]], f"imports {module}", file, line)
    for top in wanted:
        library = library_of_module(top)
        if library and top not in sys.stdlib_module_names and not is_own_module(checkout, file, top):
            libraries.append(library.name)
            name = library.name if library.name.startswith(f"{top}.") else top  # RPi.GPIO
            yield _library_use(library, f"imports {name}", file, import_line(tree, top))
    if libraries:
        yield from _uses_in_calls(checkout, file)
    if checkout.mentions(file, *(name.encode() for name in SOCKET_FAMILIES)):
        yield from _uses_of_sockets(checkout, file)
    if checkout.mentions(file, *WORDS):
        yield from _uses_in_paths(checkout, file)
    if checkout.mentions(file, *(name.encode() for name in STARTERS)):
        yield from _uses_of_programs(checkout, file)


def _library_use(library: HardwareLibrary, why: str, file: str, line: int) -> HardwareUse:
    return HardwareUse(library.kinds, why, file, line, library=library.name)


def _uses_in_calls(checkout: RepositoryCheckout, file: str) -> Iterator[HardwareUse]:
    for node in checkout.nodes(file):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in CALLS:
                yield HardwareUse(CALLS[name], f"calls {name}", file, node.lineno)


def _uses_of_sockets(checkout: RepositoryCheckout, file: str) -> Iterator[HardwareUse]:
    for node in checkout.nodes(file):
        match node:
            case ast.Attribute(attr=name) if name in SOCKET_FAMILIES:
                yield HardwareUse((SOCKET_FAMILIES[name],), f"opens sockets of {name}", file, node.lineno)
            case ast.ImportFrom(module="socket", names=names):
                for alias in names:
                    if alias.name in SOCKET_FAMILIES:
                        kinds = (SOCKET_FAMILIES[alias.name],)
                        yield HardwareUse(kinds, f"opens sockets of {alias.name}", file, node.lineno)


def _uses_in_paths(checkout: RepositoryCheckout, file: str) -> Iterator[HardwareUse]:
    nodes = checkout.nodes(file)
    documentation = {
        id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            for pattern, kind in DEVICE_PATHS:
                if match := pattern.search(node.value[:MAX_TEXT]):
                    yield HardwareUse((kind,), f"uses {match[0]}", file, node.lineno, device=match[0])


def _uses_of_programs(checkout: RepositoryCheckout, file: str) -> Iterator[HardwareUse]:
    for line, words in started_programs(checkout, file):
        program = next((name for word in words[:3] if (name := word.rpartition("/")[2]) in PROGRAMS), None)
        if program:
            kinds, package = PROGRAMS[program]
            library = program if program in BY_NAME and BY_NAME[program].gone else ""
            yield HardwareUse(kinds, f"runs {program}", file, line, library, package)


def started_programs(checkout: RepositoryCheckout, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the literal words of each command that a file's code starts.

    Words that are no literals are empty.
    """
    for node in checkout.nodes(file):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[first, *_]) if name in STARTERS:
                if words := command_words(first):
                    yield node.lineno, words


def command_words(node: ast.expr) -> list[str]:
    """Return the words of a command in the code, in a list or a text.

    Words that are no literals are empty.
    """
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
                    for part in parts[:20]]  # fmt: skip
        case ast.Constant(value=str(text)):
            return _split(text)
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return _split(text)
        case ast.BinOp(left=left):
            return command_words(left)
        case ast.Call(func=ast.Attribute(attr="split" | "format", value=inner)):
            return command_words(inner)
    return []


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text[:MAX_TEXT])
    except ValueError:
        return text[:MAX_TEXT].split()


def _uses_in_requirements(checkout: RepositoryCheckout) -> Iterator[HardwareUse]:
    wanted = find_requirements(checkout)
    for name in wanted.names if wanted else ():
        if wanted and (library := library_of_distribution(name)):
            lines = numbered_lines(checkout, wanted.file)
            line = next((number for number, text in lines if distribution_of(text.strip().strip("\"', ")) == name), 0)
            yield _library_use(library, f"requires {name}", wanted.file, line)


def _uses_in_units(checkout: RepositoryCheckout) -> Iterator[HardwareUse]:
    """Yield what the repository's own systemd units give their services."""
    for file in unit_files(checkout):
        for number, line in numbered_lines(checkout, file):
            if groups := UNIT_GROUPS.match(line):
                for name in groups[1].split():
                    if kind := GROUP_KINDS.get(name):
                        yield HardwareUse((kind,), f"runs in the group {name}", file, number)
            for pattern, kind in DEVICE_PATHS:
                if match := pattern.search(line):
                    yield HardwareUse((kind,), f"uses {match[0]}", file, number, device=match[0])
