"""Print public class and module names that are there twice: `python -m tests.public_names`."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("piwizard", "screens", "templates")


def sources() -> Iterator[Path]:
    """Yield the modules of the product. The links from piwizard/ to the folders at the top are left out."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            inner = path.relative_to(ROOT).parts
            if inner[1] not in FOLDERS and inner[:2] != ("templates", "sample"):
                yield path


def duplicates() -> dict[str, list[str]]:
    """Return each name that two public classes or two modules have, with the places."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sources():
        where = str(path.relative_to(ROOT))
        if not path.stem.startswith("_"):
            places[f"module {path.stem}"].append(where)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[f"class {node.name}"].append(f"{where}:{node.lineno}")
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}


def main() -> int:
    """Print the duplicates. Return 1 where there are any."""
    found = duplicates()
    for name, where in found.items():
        print(f"{name}: {', '.join(where)}")
    print(f"{len(found)} names are there twice" if found else "No name is there twice.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
