"""Test the structure of the source: packages, layers and names."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests import import_graph, public_names

ROOT = Path(__file__).parents[2]
MAX_NODES, MAX_LAYERS = 30, 14


def test_imports_point_downwards_in_a_small_graph():
    nodes, arrows = import_graph.import_graph()
    assert len(nodes) <= MAX_NODES
    assert len(import_graph.layers()) <= MAX_LAYERS
    assert import_graph.upward(arrows) == []


def test_upward_imports_are_found():
    _, arrows = import_graph.import_graph()
    arrows["system", "steps"] += 1
    assert import_graph.upward(arrows) == [("system", "steps")]


def test_contract_covers_every_package():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    assert layers["exhaustive"] is True
    assert layers["containers"] == ["piwizard"]
    assert "ignore_imports" not in layers


def test_public_names_are_unique():
    assert public_names.duplicates() == {}
