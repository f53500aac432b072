"""Map files of a checkout to modules, and imports to files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from piwizard.answers.validators.entries import MODULE_PART
from piwizard.apps.repository_checkout import RepositoryCheckout

MAX_IMPORTS = 200
ADDED_FOLDER = re.compile(r"(?:\.{0,2}/){0,3}\w[\w-]*(?:/\w[\w-]*){0,3}/?", re.ASCII)


def join_path(*parts: str) -> str:
    """Return the path of these parts inside the checkout; "" is the checkout itself."""
    return "/".join(part for part in parts if part)


def parent_folder(path: str) -> str:
    """Return the folder of a path inside the checkout."""
    return path.rpartition("/")[0]


def folders_above(file: str) -> list[str]:
    """Return the folders above a file: the nearest first, the checkout itself last."""
    found = [parent_folder(file)]
    while found[-1]:
        found.append(parent_folder(found[-1]))
    return found


def import_base(checkout: RepositoryCheckout, file: str) -> str:
    """Return the folder that must be on sys.path for the imports of a file.

    Normally the first folder above without an __init__.py. If the file's imports resolve better from another folder
    above (scripts inside packages, packages without __init__.py), that one.
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
    """Yield the modules that a file imports by their full names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")


def module_name(file: str, base: str) -> str | None:
    """Return the dotted name of a file imported from a folder; None if it has none."""
    relative = PurePosixPath(file).relative_to(base) if base else PurePosixPath(file)
    parts = list(relative.with_suffix("").parts)
    if parts and parts[-1] == "__init__":
        parts.pop()
    if not parts or not all(MODULE_PART.fullmatch(part) for part in parts):
        return None
    return ".".join(parts)


def find_module(checkout: RepositoryCheckout, base: str, name: str) -> str | None:
    """Return the file of a module imported from a folder; None if it is not there."""
    if not all(MODULE_PART.fullmatch(part) for part in name.split(".")):
        return None
    path = join_path(base, name.replace(".", "/"))
    for file in (f"{path}/__init__.py", f"{path}.py"):
        if checkout.is_file(file):
            return file
    return None


def imported_file(checkout: RepositoryCheckout, file: str, module: str, level: int) -> str | None:
    """Return the file of `from MODULE import …`; None if it is outside the checkout.

    `level` is the number of leading dots.
    """
    if level:
        folder = parent_folder(file)
        for _ in range(level - 1):
            folder = parent_folder(folder)
        if module:
            return find_module(checkout, folder, module)
        init = join_path(folder, "__init__.py")
        return init if checkout.is_file(init) else None
    for base in dict.fromkeys([*reversed(folders_above(file)), "src", *added_folders(checkout, file)]):
        if found := find_module(checkout, base, module):
            return found
    return None


def added_folders(checkout: RepositoryCheckout, file: str) -> tuple[str, ...]:
    """Return the folders of the checkout that a file adds to sys.path.

    They are those that its texts name, as in `os.path.join(top, "lib")`.
    """
    if not checkout.mentions(file, b"sys.path"):
        return ()
    known = checkout.memory.setdefault("added folders", {})
    assert isinstance(known, dict)
    if file not in known:
        texts = [node.value for node in checkout.nodes(file)
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
        names = {text.strip("./") for text in texts[:MAX_IMPORTS] if ADDED_FOLDER.fullmatch(text)}
        paths = (join_path(folder, name) for name in sorted(names) for folder in folders_above(file))
        known[file] = tuple(path for path in dict.fromkeys(paths) if checkout.is_dir(path))
    found: tuple[str, ...] = known[file]
    return found


def submodule_file(checkout: RepositoryCheckout, file: str, name: str) -> str | None:
    """Return the file of `name` in the package whose __init__.py is `file`."""
    return find_module(checkout, parent_folder(file), name) if file.endswith("__init__.py") else None


def is_own_module(checkout: RepositoryCheckout, file: str, top: str) -> bool:
    """Return whether a module that a file imports is part of the checkout."""
    folders = (*folders_above(file), *added_folders(checkout, file))
    return any(find_module(checkout, folder, top) or checkout.is_dir(join_path(folder, top)) for folder in folders)


def import_line(tree: ast.Module, top: str) -> int:
    """Return the line that first imports a top-level module; 1 if none does."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        if any(name.partition(".")[0] == top for name in names):
            return getattr(node, "lineno", 1)
    return 1
