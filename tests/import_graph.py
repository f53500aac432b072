"""Print the graph of imports between packages: `python -m tests.import_graph`.

A node is a package, or a module that lies in the root. The floors are those of the contract in pyproject.toml, which
import-linter holds; this shows them, with every arrow and how many imports it stands for.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PACKAGE = "piwizard"

Arrows = Counter[tuple[str, str]]


def layers() -> list[list[str]]:
    """Return the contract's layers, the highest first, each with the names of its packages."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contract = next(each for each in settings["contracts"] if each["type"] == "layers")
    return [layer.replace(":", "|").replace(" ", "").split("|") for layer in contract["layers"]]


def import_graph() -> tuple[list[str], Arrows]:
    """Return the nodes, and how many imports go from one to another."""
    graph = grimp.build_graph(PACKAGE)
    packages = {module.rpartition(".")[0] for module in graph.modules} | {PACKAGE}

    def node(module: str) -> str:
        package = module if module in packages else module.rpartition(".")[0]
        return (module if package == PACKAGE else package).removeprefix(f"{PACKAGE}.")

    arrows: Arrows = Counter()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            if node(module) != node(imported):
                arrows[node(module), node(imported)] += 1
    return sorted({node(module) for module in graph.modules} - {PACKAGE}), arrows


def upward(arrows: Arrows) -> list[tuple[str, str]]:
    """Return the arrows that do not point to a lower layer, nor stay within one package."""
    floor = {name: number for number, names in enumerate(layers()) for name in names}

    def top(node: str) -> str:
        return node.partition(".")[0]

    return [
        (source, target)
        for source, target in arrows
        if top(source) != top(target)
        and PACKAGE not in (source, target)
        and floor[top(source)] >= floor[top(target)]
        and (top(source), top(target)) != ("__main__", "cli")
    ]


def main() -> int:
    """Print nodes, layers and arrows. Return 1 where an arrow points upwards."""
    nodes, arrows = import_graph()
    for number, names in enumerate(layers(), 1):
        print(f"{number:2}  {' | '.join(names)}")
    print()
    for node in nodes:
        targets = [f"{target} ({count})" for (source, target), count in sorted(arrows.items()) if source == node]
        print(f"{node:22} -> {', '.join(targets) or '-'}")
    wrong = upward(arrows)
    print(f"\n{len(nodes)} nodes, {len(layers())} layers, {len(arrows)} arrows, {len(wrong)} of them upwards")
    for source, target in wrong:
        print(f"UPWARDS: {source} -> {target}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
