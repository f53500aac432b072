"""Fixtures: `lab` for a session, `pi` a fresh Pi of each release. See README.md."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab import product
from tests.lab.lab import Lab
from tests.lab.pi import Pi

RELEASES = ["trixie", "bookworm"]
LONG = ("test_whole.py", "test_faults.py", "test_undo.py", "test_confirm.py", "test_dhparam.py", "test_acme_faults.py")
"""They begin first: else one process is alone with them when all others have nothing left to do."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "lab":
            item.add_marker(pytest.mark.lab)
            if _release(item) not in (None, RELEASES[0]) and item.get_closest_marker("both_releases") is None:
                item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def _release(item: pytest.Item) -> str | None:
    found = getattr(item, "callspec", None)
    return found.params.get("release") if found else None


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The home network, with no Pi on it yet."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root")
    made = Lab()
    yield made
    made.close()


@pytest.fixture(scope="session", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Each release in turn."""
    return str(request.param)


@pytest.fixture
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A freshly flashed Pi, booted, thrown away after the test."""
    fresh = lab.pi(release)
    yield fresh
    fresh.discard()


@pytest.fixture
def ready_pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A fresh Pi of each release with piwizard installed from this checkout."""
    fresh = product.ready_pi(lab, release)
    yield fresh
    fresh.discard()
