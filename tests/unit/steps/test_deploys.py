"""Test the plans for each way of deploying."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader
from piwizard.deploys import deploy_ways
from piwizard.errors import PiwizardError
from piwizard.steps.deploys import AutomaticDeploys
from piwizard.steps.registry import all_questions

from .conftest import TOML, of_kind


@pytest.fixture
def plan(context, answers):
    """Return the plan for these lines of the table app."""
    return lambda more: AutomaticDeploys().plan(context(), answers(more))


def paths(changes, kind):
    return {str(change.path).rpartition("/")[2] for change in of_kind(changes, kind)}


def test_poll_starts_a_timer_with_the_minutes_of_the_answer(plan):
    changes = plan('deploy = "poll"\npoll_every = 10')
    assert paths(changes, "file") == {"piwizard-deploy-blog.service", "piwizard-deploy-blog.timer"}
    timer = next(change for change in of_kind(changes, "file") if change.path.suffix == ".timer")
    assert "OnUnitInactiveSec=10min" in timer.content
    assert [change.name for change in of_kind(changes, "unit")] == ["piwizard-deploy-blog.timer"]


def test_manual_removes_what_polling_needs(plan):
    changes = plan('deploy = "manual"')
    assert paths(changes, "file") == set()
    assert paths(changes, "gone") == {"piwizard-deploy-blog.service", "piwizard-deploy-blog.timer"}
    assert [change.name for change in of_kind(changes, "idle")] == ["piwizard-deploy-blog.timer"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ('["manual", "poll"]', "must not combine manual with another way"),
        ('"sometimes"', "must be one of"),
        ("[]", "must be a list of 1 to"),
        ('["poll", "poll"]', "must not name anything twice"),
    ],
)
def test_wrong_ways_are_refused(given, why):
    with pytest.raises(PiwizardError, match=why) as refused:
        file_reader.parse(f"{TOML}deploy = {given}\n", all_questions())
    assert refused.value.key == deploy_ways.KEY
