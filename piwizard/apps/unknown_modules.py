"""Find imported modules without a known package, in apps that list none."""

from __future__ import annotations

import sys

from piwizard.apps.call_graph import files_of_app
from piwizard.apps.hardware_catalogue import library_of_module
from piwizard.apps.import_scan import package_of
from piwizard.apps.local_modules import find_local_modules, needed_imports
from piwizard.apps.modules import is_own_module
from piwizard.apps.repository_checkout import RepositoryCheckout

MAX_UNKNOWN = 10


def find_unknown_modules(checkout: RepositoryCheckout, entry_file: str) -> tuple[str, ...]:
    """Return the modules that the app imports and nothing provides.

    Each has its place, as in "pn532 (app.py:3)". Not those that the app can do without.
    """
    local = {one.module for one in find_local_modules(checkout)}
    found: dict[str, str] = {}
    for file in files_of_app(checkout, entry_file):
        tree = checkout.parsed(file)
        for top, line in needed_imports(tree.body) if tree else ():
            library = library_of_module(top)
            known = top in sys.stdlib_module_names or package_of(top) or (library and (library.debian or library.gone))
            if not known and top not in local and not is_own_module(checkout, file, top):
                found.setdefault(top, f"{top} ({file}:{line})")
    return tuple(found.values())[:MAX_UNKNOWN]
