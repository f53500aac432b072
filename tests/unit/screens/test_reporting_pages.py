"""Test the pages of deploys, alerts, updates and the report: what they show, and what they ask first."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.alerts.alert_state import AlertState
from piwizard.alerts.problem_log import Message, ProblemLog, TrackedProblem
from piwizard.deploys.deploy_record import DeployRecord, LastDeploy, RefusedCommit
from piwizard.errors import PiwizardError
from piwizard.screens import piwizard_process
from piwizard.screens.home.alerts_page import AlertsPage
from piwizard.screens.home.report_page import ReportPage
from piwizard.screens.main_screen import MainScreen
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.setup.site_settings_page import SiteSettingsPage
from piwizard.screens.update_service import UpdateOverview
from piwizard.setup.alert_service import AlertOverview
from piwizard.setup.deploy_status import DeployStatus
from piwizard.system.commands import Result
from piwizard.system.dpkg_log import Upgrade
from tests.unit.screens import fake_pi
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
AT = "2026-01-01T12:00:00+00:00"
SECRET = "s3cret-of-the-webhook"
STATUS = DeployStatus(
    "myflask", ("push", "webhook"), 5, "5406c3a77",
    DeployRecord(LastDeploy("push", "failed", "8f2c1aa77", AT, "The first page returns status 500."),
                 (RefusedCommit("1111111aa", AT, "It was rolled back."),)),
    "main", "ssh://push-myflask@raspberrypi.local/myflask", "https://myflask.example/.piwizard/hook",
)  # fmt: skip
PROBLEM = TrackedProblem("Disk space", "Only 80 MB are free.", "", True, (1.0,))
ALERTS = AlertOverview(
    2, "22:00-07:00", False,
    AlertState(ProblemLog({"disk": PROBLEM}), (), (Message("failed", "disk", "Disk space", "", "", 1.0),)), 3,
)  # fmt: skip
UPDATES = UpdateOverview((Upgrade("2026-01-01 06:00:00", "nginx", "1.26.3-2", "1.26.3-3"),), {"myflask": "2026-01-02"})


async def test_deploys_page_shows_the_secret_only_when_asked(site, monkeypatch):
    monkeypatch.setattr(ScreenService, "deploy_status", lambda self, site: STATUS)
    monkeypatch.setattr(ScreenService, "webhook_secret", lambda self, site: SECRET)
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_deploys("myflask")
        await seen.see("git push pi main")
        for words in ("The first page returns status 500.", "1111111: It was rolled back.", STATUS.webhook_url):
            assert words in seen.text()
        assert SECRET not in seen.text()
        await seen.press("secret")
        await seen.see(SECRET)


@pytest.fixture
def all_steps(site):
    """Return a fake Pi with the steps of a real one."""
    (site / "all-steps").touch()
    fake_pi.install(site)
    return site


async def test_deploys_page_opens_the_questions(all_steps, monkeypatch):
    monkeypatch.setattr(ScreenService, "deploy_status", lambda self, site: STATUS)
    async with opened(all_steps, steps=False) as seen:
        await seen.app.navigator.open_deploys("myflask")
        await seen.press("settings")
        await seen.until(lambda: isinstance(seen.app.screen, SiteSettingsPage), "the settings")
        await seen.see("▾ Deploy new versions")


async def test_alerts_page_shows_problems_and_sends_a_test(site, monkeypatch):
    monkeypatch.setattr(ScreenService, "alert_overview", lambda self: ALERTS)
    results = [("address 1 (ntfys)", "sent"), ("address 2 (mailtos)", "refused")]
    monkeypatch.setattr(ScreenService, "send_test_alert", lambda self: results)
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_alerts()
        await seen.see("Disk space: Only 80 MB are free.")
        for words in ("2 addresses", "22:00-07:00", "3 at the last check", "Disk space: failed"):
            assert words in seen.text()
        await seen.press("test")
        await seen.see("address 2 (mailtos): the server did not accept the message")


async def test_alerts_that_are_not_set_up_open_their_step(all_steps):
    async with opened(all_steps, steps=False) as seen:
        await seen.app.navigator.open_alerts()
        await seen.see("Not set up.")
        assert isinstance(seen.app.screen, AlertsPage)
        await seen.press("settings")
        await seen.until(lambda: isinstance(seen.app.screen, MainScreen), "the page of all steps")
        await seen.until(lambda: seen.main.navigation.chosen, "the steps")
        await seen.until(lambda: seen.main.navigation.chosen.step.name == "alerts", "the step")


async def test_environments_are_rebuilt_after_a_question(site, monkeypatch):
    ran = []
    outcome = {"site": "myflask", "ok": True, "detail": "The environment of myflask was rebuilt."}
    monkeypatch.setattr(piwizard_process, "run_piwizard", lambda words: ran.append(words) or {"sites": [outcome]})
    monkeypatch.setattr(ScreenService, "update_overview", lambda self: UPDATES)
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_updates()
        await seen.see("nginx 1.26.3-2 → 1.26.3-3")
        assert "rebuilt on 2026-01-02" in seen.text()
        await seen.press("rebuild")
        await seen.see("Rebuild the environments of all apps")
        assert ran == []
        await seen.press("yes")
        await seen.see("The environment of myflask was rebuilt.")
        assert ran == [("updates", "rebuild")]


async def test_report_is_shown_before_it_is_written(site, monkeypatch):
    written = []
    texts = [("versions.txt", "piwizard 1\nnginx 1.26"), ("answers.toml", "[site]")]
    monkeypatch.setattr(ScreenService, "report_texts", lambda self: texts)
    monkeypatch.setattr(ScreenService, "write_report", lambda self, seen: written.append(seen) or Path("/home/x.gz"))
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_report()
        await seen.see("versions.txt")
        assert isinstance(seen.app.screen, ReportPage)
        seen.app.screen.files.focus()
        await seen.keys("enter")
        await seen.see("nginx 1.26")
        assert written == []
        await seen.press("write")
        await seen.see("The report is in /home/x.gz.")
        assert written == [texts]


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ('{"error": {"message": "The drive is not mounted.", "key": null, "hint": "Mount it."}}', "is not mounted"),
        ("Traceback", "ended without a result"),
    ],
)
async def test_failed_command_says_why(monkeypatch, output, sentence):
    ended = Result((), 1, output, "", (), 0.0)
    monkeypatch.setattr("piwizard.system.commands.run", lambda argv: ended)
    with pytest.raises(PiwizardError, match=sentence):
        piwizard_process.run_piwizard(("restore",))


async def test_page_that_cannot_be_read_says_why(site):
    file = site / "etc" / "answers.toml"
    file.write_text(file.read_text() + "\n[nginx]\nworkers = 2\n")
    async with opened(site, steps=False) as seen:
        go = seen.app.navigator
        for open_page in (go.open_alerts, go.open_updates, go.open_report, lambda: go.open_deploys("myflask")):
            await open_page()
            await seen.see("! answers.toml line 11: nginx is unknown.")
            assert "ing…" not in seen.text()
