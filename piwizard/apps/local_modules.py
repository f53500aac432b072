"""Find imported modules that their author keeps out of the repository."""

from __future__ import annotations

import ast
import fnmatch
import sys
from collections.abc import Iterator

from piwizard.apps.modules import find_module, folders_above, join_path
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.start_commands import numbered_lines
from piwizard.system.lazy_dataclass import dataclass

SAMPLE_WORDS = ("example", "sample", "template", "dist", "default")
MAX_MODULES = 20
CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True)
class LocalModule:
    """A module whose file is missing, or without a `module` a file that is read.

    `path` is where it belongs, `sample` a file that shows its content. `file` and `line` are where it is used.
    """

    module: str
    path: str
    file: str
    line: int
    sample: str = ""


def find_local_modules(checkout: RepositoryCheckout) -> tuple[LocalModule, ...]:
    """Return the missing modules that git ignores, or that have a sample beside them."""
    ignored = [line.strip() for _, line in numbered_lines(checkout, ".gitignore") if line.strip()]
    found: dict[str, LocalModule] = {}
    for file in checkout.python:
        tree = None if is_script(file) else checkout.parsed(file)
        for module, line in needed_imports(tree.body) if tree else ():
            if module in found or module in sys.stdlib_module_names or len(found) >= MAX_MODULES:
                continue
            folders = folders_above(file)
            if any(_there(checkout, folder, module) for folder in folders):
                continue
            for folder in folders:
                path = join_path(folder, f"{module}.py")
                sample = _sample(checkout, folder, module)
                if sample or is_ignored(path, ignored):
                    found[module] = LocalModule(module, path, file, line, sample)
                    break
    return tuple(found.values())


def _there(checkout: RepositoryCheckout, folder: str, module: str) -> bool:
    """Return whether a module is in the repository. A link to the app's data is not."""
    file = find_module(checkout, folder, module)
    return checkout.is_dir(join_path(folder, module)) or (file is not None and checkout.inside(file) is not None)


def needed_imports(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    """Yield the top modules that a file imports, not those that it can do without."""
    for statement in body:
        match statement:
            case ast.Import(names=names, lineno=line):
                yield from ((alias.name.partition(".")[0], line) for alias in names)
            case ast.ImportFrom(module=str(module), level=0, lineno=line):
                yield module.partition(".")[0], line
            case ast.Try(handlers=handlers) if any(_catches(handler.type) for handler in handlers):
                continue
            case ast.If() | ast.Try() | ast.With():
                yield from needed_imports(statement.body)


def _catches(kind: ast.expr | None) -> bool:
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return kind is None or any(isinstance(name, ast.Name) and name.id in CAUGHT for name in names)


def _sample(checkout: RepositoryCheckout, folder: str, module: str) -> str:
    """Return the sample of a module in a folder: config.example.py, config.py.sample, example_config.py …"""
    for word in SAMPLE_WORDS:
        for name in (
            f"{module}.{word}.py",
            f"{module}.py.{word}",
            f"{module}_{word}.py",
            f"{module}-{word}.py",
            f"{word}_{module}.py",
            f"{word}.{module}.py",
            f"{module}.{word}",
        ):
            if checkout.is_file(path := join_path(folder, name)):
                return path
    return ""


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Return whether .gitignore names this very file.

    A pattern for many files says nothing about one.
    """
    name = path.rpartition("/")[2]
    for pattern in (one.removeprefix("/") for one in patterns if not one.startswith("!")):
        start = pattern.partition("*")[0]
        if pattern in (name, path) or (len(start) > 1 and fnmatch.fnmatch(name, pattern)):
            return True
    return False
