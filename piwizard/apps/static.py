"""Find the folders whose files nginx can serve, and their URLs."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from piwizard.apps.app_resolver import is_app_call
from piwizard.apps.blueprints import find_blueprints
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator, path_in_checkout
from piwizard.apps.modules import find_module, import_base, join_path, module_name, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout, scan_checkout
from piwizard.system.lazy_dataclass import dataclass

ROOT_FILES = ("robots.txt", "favicon.ico")
# Only characters that need no quoting in the configuration of nginx.
SAFE_PATH = re.compile(r"[A-Za-z0-9._~@+/-]*")


@dataclass(frozen=True)
class StaticFolder:
    """A folder of the checkout and its URL prefix, with a slash at both ends."""

    prefix: str
    folder: str
    file: str
    line: int


@dataclass(frozen=True)
class RootFile:
    """A file in a static folder for a URL at the top: /robots.txt, /favicon.ico."""

    url: str
    path: str


def find_static(root: Path | RepositoryCheckout, origin: str = "") -> tuple[StaticFolder, ...]:
    """Return the existing static folders of a checkout.

    `origin` is the file that creates the app, for code with several apps.
    """
    checkout = scan_checkout(root)
    code = CodeIndex.of(checkout)
    apps = [folder for file in checkout.python for folder in _folders_of_apps(code, file)]
    mine = [folder for folder in apps if folder.file == origin] or apps
    found: dict[str, StaticFolder] = {}
    for folder in [*mine, *_folders_of_blueprints(code)]:
        if is_servable(checkout, folder.folder) and SAFE_PATH.fullmatch(folder.prefix) and ".." not in folder.prefix:
            found.setdefault(folder.prefix, folder)
    # At "/" nginx would look for a file before each request to the app: Flask serves those itself.
    return tuple(folder for prefix, folder in found.items() if prefix != "/")


def find_root_files(root: Path | RepositoryCheckout, folders: tuple[StaticFolder, ...]) -> tuple[RootFile, ...]:
    """Return robots.txt and favicon.ico in static folders without routes of the app."""
    checkout = scan_checkout(root)
    found: list[RootFile] = []
    for name in ROOT_FILES:
        quoted = [f"{quote}/{name}{quote}".encode() for quote in ('"', "'")]
        if any(checkout.mentions(file, *quoted) for file in checkout.python):
            continue
        paths = [
            join_path(folder.folder, name) for folder in folders if checkout.is_file(join_path(folder.folder, name))
        ]
        found += [RootFile(f"/{name}", path) for path in paths[:1]]
    return tuple(found)


def is_servable(checkout: RepositoryCheckout, folder: str) -> bool:
    """Return whether nginx may serve a folder.

    It must exist, must not be the checkout itself, and must contain no code or hidden files.
    """
    if not folder or not checkout.is_dir(folder) or not SAFE_PATH.fullmatch(folder):
        return False
    hidden = any(part.startswith(".") for part in folder.split("/"))
    return not hidden and folder not in checkout.code_folders


def call_argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """Return an argument of a call, by its name or position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def _folders_of_apps(code: CodeIndex, file: str) -> Iterator[StaticFolder]:
    if not code.checkout.mentions(file, b"Flask", b"flask", b"OpenAPI"):
        return
    for node in code.checkout.nodes(file):
        if not isinstance(node, ast.Call) or not is_app_call(code, file, node):
            continue
        given = call_argument(node, "static_folder", 3)
        folder = resolve_folder(code, file, call_argument(node, "import_name", 0), given, default="static")
        if folder is not None:
            prefix = url_of(code, file, call_argument(node, "static_url_path", 1), folder)
            if prefix is not None:
                yield StaticFolder(prefix, folder, file, node.lineno)


def _folders_of_blueprints(code: CodeIndex) -> Iterator[StaticFolder]:
    for blueprint in find_blueprints(code):
        call, file = blueprint.call, blueprint.file
        given = call_argument(call, "static_folder", 2)
        folder = resolve_folder(code, file, call_argument(call, "import_name", 1), given)
        url = url_of(code, file, call_argument(call, "static_url_path", 3), folder) if folder else None
        if folder is None or url is None:
            continue
        for prefix in blueprint.prefixes:
            full = "/" + "/".join(part.strip("/") for part in (prefix, url) if part.strip("/")) + "/"
            # Without its own prefix it is below the app's /static/, which comes first.
            yield StaticFolder(full, folder, file, call.lineno)


def resolve_folder(
    code: CodeIndex, file: str, import_name: ast.expr | None, given: ast.expr | None, default: str | None = None
) -> str | None:
    """Return the static folder in the checkout; None if none or unclear."""
    value = default if given is None else ConstantEvaluator(code, file).text(given)
    if value is None:
        return None
    return path_in_checkout(value, _root_path(code, file, import_name))


def _root_path(code: CodeIndex, file: str, import_name: ast.expr | None) -> str:
    """Return the folder of the module or package whose name Flask gets."""
    base = import_base(code.checkout, file)
    name = None
    if isinstance(import_name, ast.Constant) and isinstance(import_name.value, str):
        name = import_name.value
    elif isinstance(import_name, ast.Subscript):  # __name__.split(".")[0]
        name = (module_name(file, base) or "").partition(".")[0]
    target = find_module(code.checkout, base, name) if name else None
    return parent_folder(target or file)


def url_of(code: CodeIndex, file: str, given: ast.expr | None, folder: str) -> str | None:
    """Return the URL prefix of a static folder; None if it is not constant."""
    if given is None or (isinstance(given, ast.Constant) and given.value is None):
        return f"/{posixpath.basename(folder)}/"
    value = ConstantEvaluator(code, file).text(given)
    if value is None:
        return None
    return f"/{value.strip('/')}/" if value.strip("/") else "/"
