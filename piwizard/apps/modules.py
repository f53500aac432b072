"""Which module a file is, from which folder it is imported, and where its imports lead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from piwizard.apps.repository_checkout import RepositoryCheckout

MAX_IMPORTS = 200
MODULE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def join_path(*parts: str) -> str:
    """Parts of a path inside the checkout as one; the checkout itself is the empty string."""
    return "/".join(part for part in parts if part)


def parent_folder(path: str) -> str:
    """The folder of a path inside the checkout."""
    return path.rpartition("/")[0]


def folders_above(file: str) -> list[str]:
    """The folders that hold a file, the nearest first, the checkout itself last."""
    found = [parent_folder(file)]
    while found[-1]:
        found.append(parent_folder(found[-1]))
    return found


def import_base(checkout: RepositoryCheckout, file: str) -> str:
    """The folder that has to be on sys.path for a file to import what it imports.

    Python's packages say it: the first folder above without an __init__.py. Where the file's own imports resolve
    better from another folder above (scripts inside packages, packages without __init__.py), that one wins.
    """
    if file not in checkout.bases:
        checkout.bases[file] = _find_import_base(checkout, file)
    return checkout.bases[file]


def _find_import_base(checkout: RepositoryCheckout, file: str) -> str:
    above = folders_above(file)
    natural = next((folder for folder in above if not checkout.is_file(join_path(folder, "__init__.py"))), "")
    if len(above) == 1:
        return ""
    tree = checkout.parsed(file)
    wanted = set(islice(absolute_imports(tree), MAX_IMPORTS)) if tree else set()

    def held(folder: str) -> int:
        return sum(find_module(checkout, folder, name) is not None for name in wanted)

    best = max(above, key=lambda folder: (held(folder), folder == natural))
    return best if held(best) > held(natural) else natural


def absolute_imports(tree: ast.Module) -> Iterator[str]:
    """The modules a file imports by their full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")


def module_name(file: str, base: str) -> str | None:
    """The dotted name of a file imported from a folder; None where it has none."""
    relative = PurePosixPath(file).relative_to(base) if base else PurePosixPath(file)
    parts = list(relative.with_suffix("").parts)
    if parts and parts[-1] == "__init__":
        parts.pop()
    if not parts or not all(MODULE_PART.fullmatch(part) for part in parts):
        return None
    return ".".join(parts)


def find_module(checkout: RepositoryCheckout, base: str, name: str) -> str | None:
    """The file of a module, imported from a folder; None where the checkout has no such module."""
    if not all(MODULE_PART.fullmatch(part) for part in name.split(".")):
        return None
    path = join_path(base, name.replace(".", "/"))
    for file in (f"{path}/__init__.py", f"{path}.py"):
        if checkout.is_file(file):
            return file
    return None


def imported_file(checkout: RepositoryCheckout, file: str, module: str, level: int) -> str | None:
    """The file behind `from MODULE import …` (level: its leading dots) in a file; None where it is not ours."""
    if level:
        folder = parent_folder(file)
        for _ in range(level - 1):
            folder = parent_folder(folder)
        if module:
            return find_module(checkout, folder, module)
        init = join_path(folder, "__init__.py")
        return init if checkout.is_file(init) else None
    for base in dict.fromkeys([*reversed(folders_above(file)), "src"]):
        if found := find_module(checkout, base, module):
            return found
    return None


def submodule_file(checkout: RepositoryCheckout, file: str, name: str) -> str | None:
    """The file of `name` in the package whose __init__.py is `file`."""
    return find_module(checkout, parent_folder(file), name) if file.endswith("__init__.py") else None
