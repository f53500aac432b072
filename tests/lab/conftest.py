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

ALIKE = (
    "test_refusals.py",
    "test_dhparam.py",
    "test_private.py",
    "test_doctor_machine.py",
    "test_lab.py",
    "test_bad_answers_alter_nothing",
    "test_refusals_leave_what_was_there",
    "test_the_name_follows",
    "test_settings_of_somebody_else",
    "test_a_report_tells_nothing_of_the_person",
    "test_asked_at_a_terminal",
    "test_a_broken_version_never_takes_over",
    "test_a_gunicorn_that_would_hide",
    "test_the_checkup_predicts_the_grade",
    "test_the_checkup_of_a_site_over_http",
    "test_where_no_forward_can_help",
    "test_poor_terminals_over_ssh",
    "test_an_edit_by_hand_is_seen_and_kept",
    "test_what_a_person_has_made_since_stays",
    "test_only_some_releases_are_kept",
    "test_typed_over_ssh_with_the_connection_lost_twice",
    "test_ddclient_with_a_wrong_password",
    "test_what_only_the_outside_sees",
)
"""What asks little of the release's own programs: every day on the newest only, on the others it counts as slow."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "lab":
            item.add_marker(pytest.mark.lab)
            alike = item.path.name in ALIKE or getattr(item, "originalname", "") in ALIKE
            if alike and _release(item) not in (None, RELEASES[0]):
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
