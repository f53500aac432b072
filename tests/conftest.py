"""The layers of the tests, and the fixtures of those that boot machines. See docs/development.md."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.lab import Lab
    from tests.lab.pi import Pi

MACHINE_LAYERS = ("component", "journeys", "nightly")
RELEASES = ["trixie", "bookworm"]
LONGEST_SECONDS = {"unit": 300, "component": 1800, "journeys": 1800, "nightly": 4 * 3600}
"""The time after which a test of a layer fails, with the stacks of its threads: ten times what the slowest needs."""
LONGEST_FIRST = (
    *(
        "test_processes.py",
        "test_first_setup_by_keys.py",
        "test_undo.py",
        "test_doctor.py",
        "test_https.py",
        "test_ddns.py",
    ),
    *("test_answers.py", "test_killed.py", "test_flows.py", "test_setup_pages.py", "test_prompts.py"),
    *("test_setup_snapshots.py", "test_snapshots.py", "test_terminals.py", "test_data_switch.py"),
)
"""Modules that begin first: otherwise one process works on them alone when all others have finished."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--unit-first", action="store_true", help="begin with the unit tests, else with the machines")
    parser.addoption("--nightly", action="store_true", help="also run the cases and releases marked for the night")


def layer_of(path: Path) -> str:
    """Return the layer of a test file: the name of its folder below tests/."""
    return path.relative_to(Path(__file__).parent).parts[0]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on the newest release; on each of them at night, and where a test is marked `both_releases`."""
    definition = metafunc.definition
    given = [mark.args[0] for mark in definition.iter_markers("parametrize")]
    if "release" in metafunc.fixturenames and "release" not in given:
        nightly = metafunc.config.getoption("--nightly") or layer_of(definition.path) == "nightly"
        every = nightly or definition.get_closest_marker("both_releases") is not None
        metafunc.parametrize("release", RELEASES if every else RELEASES[:1], indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--nightly"):
        tonight = [item for item in items if item.get_closest_marker("nightly") and layer_of(item.path) != "nightly"]
        if tonight:
            config.hook.pytest_deselected(items=tonight)
            items[:] = [item for item in items if item not in tonight]
    for item in items:
        item.add_marker(pytest.mark.timeout(LONGEST_SECONDS[layer_of(item.path)], method="signal"))
        if layer_of(item.path) in MACHINE_LAYERS and (reason := _no_machines()):
            item.add_marker(pytest.mark.skip(reason))
    order = {name: number for number, name in enumerate(LONGEST_FIRST)}
    unit_last = not config.getoption("--unit-first")
    items.sort(key=lambda item: ((layer_of(item.path) == "unit") == unit_last, order.get(item.path.name, len(order))))


@lru_cache
def _no_machines() -> str:
    from tests.lab import requirements

    return requirements.missing()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The home network, with no Pi on it yet."""
    from tests.lab.lab import Lab

    made = Lab()
    yield made
    made.close()


@pytest.fixture(scope="session")
def release(request: pytest.FixtureRequest) -> str:
    """The release of a test's machines."""
    return str(request.param)


@pytest.fixture
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A freshly flashed Pi, booted, thrown away after the test."""
    fresh = lab.pi(release)
    yield fresh
    fresh.discard()


@pytest.fixture
def ready_pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A fresh Pi with piwizard installed from this checkout."""
    from tests.lab import product

    fresh = product.ready_pi(lab, release)
    yield fresh
    fresh.discard()


@pytest.fixture
def served_pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A Pi that serves the sample app over HTTP, from the shared layer."""
    from tests.lab import layers

    served = layers.served_pi(lab, release)
    yield served
    served.discard()
