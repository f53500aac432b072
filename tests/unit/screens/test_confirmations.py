"""Test that nothing is written or answered before a person confirms, and nothing twice."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from piwizard.diagnosis.findings import Finding
from piwizard.errors import PiwizardError
from piwizard.screens.home.confirm_run import ConfirmRun
from piwizard.screens.home.failure_page import FailurePage
from piwizard.screens.home.overview_page import OverviewPage
from piwizard.screens.messages import ActionPressed
from piwizard.screens.run_control import RunControl
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.yes_no_dialog import YesNoDialog
from piwizard.setup.service import SetupService
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system.remedies import AddAnswer, ApplySteps
from tests.unit.screens.conftest import opened
from tests.unit.screens.test_home_pages import a_failure, home, overview  # noqa: F401 — home is a fixture

pytestmark = pytest.mark.asyncio


@pytest.mark.usefixtures("home")
async def test_plan_that_fails_behind_the_help_leaves_the_help_open(folder, monkeypatch):
    planned = threading.Event()

    def deployment(self, site):
        planned.wait(60)
        raise PiwizardError("The repository cannot be reached.")

    monkeypatch.setattr(ScreenService, "deployment", deployment)
    answers = []
    monkeypatch.setattr(RunControl, "confirmed", lambda self, answer, site: answers.append(answer))
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.runs.deploy("photos")
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmRun))
        asked = seen.app.screen
        seen.app.action_help()  # a key would be dropped while the question is too new to be read
        await seen.see("Keys here")
        planned.set()
        await seen.until(lambda: asked._error is not None)
        assert "Keys here" in seen.text()
        await seen.keys("escape")
        await seen.until(lambda: asked not in seen.app.screen_stack)
        assert [one.sentence for one in answers] == ["The repository cannot be reached."]


@pytest.mark.usefixtures("home")
async def test_second_answer_to_a_question_is_dropped(folder):
    answers = []
    async with opened(folder, steps=False) as seen:
        await overview(seen)
        question = YesNoDialog("Continue?", "Yes")
        await seen.app.push_screen(question, answers.append)
        for _ in range(2):
            question.on_action_pressed(ActionPressed("yes"))
        await seen.until(lambda: question not in seen.app.screen_stack)
        assert answers == [True]
        assert isinstance(seen.app.screen, OverviewPage)


async def test_fix_is_not_saved_before_it_is_confirmed(site, monkeypatch):
    found = Finding("writable", "the app can write", False, "", site="myflask",
                    fix=(AddAnswer("app.writable", ("uploads",)), ApplySteps(("app",))))  # fmt: skip
    service = ScreenService()
    proposal = service.fixing("myflask", [found])
    assert proposal.planner.answers.of("myflask").get("app.writable") == ["uploads"]
    assert service.answering.get("myflask", "app.writable") is None
    monkeypatch.setattr(SetupService, "start", lambda self, proposal: "run")
    assert service.start(proposal) == "run"
    assert service.answering.get("myflask", "app.writable") == ["uploads"]


@pytest.mark.usefixtures("home")
async def test_failure_of_an_older_run_is_retried_instead_of_the_newest_one(folder, monkeypatch):
    failure = replace(a_failure(StepInstance(step_named("app"), "photos")), run="20250101T000000-0000")
    monkeypatch.setattr(ScreenService, "failure", lambda self, site: failure)
    async with opened(folder, steps=False) as seen:
        await seen.app.push_screen(FailurePage(seen.app.service, "20260101T000000-ffff", "photos"))
        page = seen.app.screen
        await seen.until(lambda: page.failure is not None)
        assert page.run_id == "20250101T000000-0000"
