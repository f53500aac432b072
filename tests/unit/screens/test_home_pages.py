"""Test the overview, the pages of a run, and what can be reached from them."""

from __future__ import annotations

import asyncio
import errno
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from piwizard.changes.base import Preview
from piwizard.changes.file import File
from piwizard.diagnosis.failure import ExcerptLine, RunFailure
from piwizard.diagnosis.findings import Finding
from piwizard.engine import run_launch
from piwizard.engine.run_launch import RunUnderWay
from piwizard.errors import PiwizardError
from piwizard.nginx.access_log import Visit
from piwizard.screens import textual_app
from piwizard.screens.home import app_log_page
from piwizard.screens.home.app_log_page import AppLogPage
from piwizard.screens.home.backups_page import BackupsPage
from piwizard.screens.home.checkup_page import CheckupPage
from piwizard.screens.home.confirm_run import ConfirmRun
from piwizard.screens.home.doctor_page import DoctorPage
from piwizard.screens.home.failure_page import main_button
from piwizard.screens.home.install_page import InstallPage
from piwizard.screens.home.overview_page import OverviewPage
from piwizard.screens.home.overview_text import SPARKS, host_detail, moment, sparkline
from piwizard.screens.home.router_rules import RouterRules
from piwizard.screens.home.sheet_page import SheetPage
from piwizard.screens.home.stage_watch import StageWatch
from piwizard.screens.palette_commands import commands
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.symbols import in_ascii
from piwizard.screens.widgets.help_column import help_of
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.preview import Previewed
from piwizard.setup.reach import FORWARD
from piwizard.setup.service import Proposal
from piwizard.setup.site_overview import Attention, HomeOverview, HostOverview, SiteOverview
from piwizard.setup.stage_progress import StagedRun, StageProgress, StageTracker
from piwizard.steps.registry import StepInstance, step_named
from piwizard.steps.step import Stage
from piwizard.system import paths
from piwizard.system.remedies import AddAnswer, ApplySteps, AskAnswer, RunCommand, format_advice
from tests.unit.screens import fake_pi
from tests.unit.screens.conftest import assert_cursor_is_on_each_focused_widget, opened
from tests.unit.screens.test_snapshots import (
    SIZES,
    assert_colours_suit_any_background,
    compare,
    compare_sizes,
    shown,
)

pytestmark = pytest.mark.asyncio

MOMENT = "2026-01-01T00:00:00+00:00"
REQUESTS = (20, 10, 30, 12, 18, 22, 40, 60, 90, 120, 110, 60, 33, 45, 38, 52, 70, 88, 60, 38, 36, 22, 20, 50)
SITES = (
    SiteOverview(
        "photos", "online", ("https://photos-home.duckdns.org",), (), "5406c3a", https=True,
        certificate_days=89, page_ms=38, page_status=200, requests_per_hour=REQUESTS,
        commit_subject="Fix the upload", new_commit="8f2c1aa", new_commit_subject="Resize images",
    ),
    SiteOverview(
        "hello", "online", (), ("http://raspberrypi.local", "http://192.168.1.197"), "c6ceb83", page_ms=12,
        page_status=200,
    ),
    SiteOverview("weather", "waiting", missing=("app.env.WEATHER_API_KEY",)),
)  # fmt: skip
HOST = HostOverview(
    ("photos-home.duckdns.org", "192.168.1.1", "192.168.1.197"), True, 48.2, 1228, 4096, 37 << 10, 58 << 10, True,
    False, "tonight, 03:12", "192.168.1.197",
)  # fmt: skip
NEEDED = Attention("weather cannot start without WEATHER_API_KEY.", "answer", "weather", "app.env.WEATHER_API_KEY")
HOME = HomeOverview(SITES, HOST, (NEEDED,))
HALFWAY = StagedRun(
    (
        StageProgress(Stage.WEB_SERVER, "done", 22.0, "nginx and Python installed"),
        StageProgress(Stage.APP, "done", 31.0, "downloaded, built, first page answered 200 OK"),
        StageProgress(Stage.SERVICE, "running", 3.0, "starting photos in the background"),
        StageProgress(Stage.ADDRESS),
        StageProgress(Stage.ROUTER),
        StageProgress(Stage.HTTPS),
    ),
    0.56, 64.0, 50.0,
)  # fmt: skip
RULES = RouterRules(
    "http://192.168.1.1", "192.168.1.197", "dc:a6:32:00:00:01", "http://photos-home.duckdns.org", "/var/lib/x.txt"
)


def a_failure(step, run="run") -> RunFailure:
    return RunFailure(
        "Your app stopped while starting",
        "FileNotFoundError: no such file: /home/user/config.json",
        "settings.py, line 5, called from app.py, line 6",
        (
            ExcerptLine(4, "def load(path):"),
            ExcerptLine(5, '    with open("/home/user/" + path) as f:', marked=True),
            ExcerptLine(6, "        return json.load(f)"),
        ),
        "The code opens a file in /home/user. That folder is on your own computer, not on this Pi.",
        "Add config.json to the repository, open it relative to settings.py, commit and push. Then try again.",
        None,
        (Stage.WEB_SERVER,),
        (Stage.SERVICE, Stage.ADDRESS),
        step,
        run,
    )


@pytest.fixture
def home(site, monkeypatch):
    """Return a fake Pi with three sites on its overview."""
    monkeypatch.setattr(ScreenService, "saved_overview", lambda self: HOME)
    monkeypatch.setattr(ScreenService, "refresh_overview", lambda self: HOME)
    monkeypatch.setattr(ScreenService, "failure", lambda self, site: a_failure(None))
    monkeypatch.setattr(ScreenService, "router_rules", lambda self, site: RULES)
    monkeypatch.setattr(ScreenService, "checkup", lambda self: [])
    monkeypatch.setattr(ScreenService, "app_log", lambda self, site, after: ([] if after else ["one", "two"], "end"))
    return site


async def overview(seen):
    await seen.see("This Pi")
    await seen.see("[ Enter it ]")


async def failure(seen):
    await seen.app.navigator.open_failure("photos", "run")
    await seen.see("settings.py, line 5")


async def router(seen):
    await seen.app.navigator.open_result("photos")
    await seen.see("One thing left")


async def done(seen):
    await seen.app.navigator.open_done("photos")
    await seen.see("200 OK")


async def done_at_home(seen):
    await seen.app.navigator.open_done("hello")
    await seen.see("200 OK")


async def more(seen):
    await seen.app.navigator.open_site("photos")
    await seen.see("Router steps")


async def palette(seen):
    await seen.keys("ctrl+p")
    await seen.see("type a part of a command")


async def activity(seen):
    await seen.app.navigator.open_activity()
    await seen.see("Nothing has been installed")


async def app_log(seen):
    await seen.app.navigator.open_app_log("photos")
    await seen.see("two")


async def install(seen):
    """Show a run that is halfway, and stays there."""
    page = InstallPage(seen.app.service, "20260101T000001-beef", "photos")
    watch = StageWatch(page.service.events_file(page.run_id), StageTracker())
    watch.advance, watch.ended, watch.progress = bool, lambda alive: False, lambda: HALFWAY
    watch.lines.extend([("$ systemctl enable --now photos.socket", "cyan"), ("Created symlink", "")])
    page._begin = lambda tracker: (setattr(page, "watch_run", watch), page.draw())
    await seen.app.push_screen(page)
    await seen.see("1 min 04 s so far")


PAGES = [overview, failure, router, done, done_at_home, more, palette, activity, app_log]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", [*PAGES[:7], install], ids=lambda page: page.__name__)
async def test_page_equals_snapshot(page, size, home):
    async with opened(home, size, steps=False) as seen:
        await page(seen)
        await seen.see("Overview" if page is palette else "raspberrypi")
        await compare_sizes(seen, page.__name__, size)


@pytest.mark.nightly
@pytest.mark.parametrize("page", [*PAGES[:6], install], ids=lambda page: page.__name__)
async def test_ascii_page_equals_snapshot(page, home):
    async with opened(home, plain=True, steps=False) as seen:
        await page(seen)
        await seen.see("raspberrypi")
        strips = seen.app.screen._compositor.render_strips()
        assert_colours_suit_any_background(strips)
        lines = shown(strips, seen.app.get_line_filters())
        text = "\n".join(line.rstrip() for line in lines)
        assert text.isascii(), [char for char in text if not char.isascii()]
        compare(f"{page.__name__}-ascii", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
async def test_terminal_cursor_is_on_each_focused_widget(page, home):
    """The cell under the terminal's cursor belongs to the widget that has the focus."""
    async with opened(home, steps=False) as seen:
        await page(seen)
        await assert_cursor_is_on_each_focused_widget(seen)


async def test_terminal_cursor_is_on_each_widget_of_the_pages_of_a_site(home, monkeypatch):
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [])
    fake_pi.remember(home, "app", "myflask")
    async with opened(home, steps=False) as seen:
        go = seen.app.navigator
        for opening in (
            go.open_checkup(),
            go.open_doctor("photos"),
            go.open_undo("myflask"),
            go.open_removal("myflask"),
        ):
            await opening
            await assert_cursor_is_on_each_focused_widget(seen)


async def test_site_is_installed_from_overview_to_done(site, monkeypatch):
    (site / "wait-system").touch()
    async with opened(site, steps=False) as seen:
        await seen.see("Not installed yet")
        await seen.app.navigator.runs.confirm(lambda: seen.app.service.proposal(None), "myflask")
        await seen.see("Install now?")
        assert not run_launch.under_way()
        await seen.press("yes")
        await seen.see("Installing myflask")
        await seen.see("● Web server")
        await seen.see("[system] line 3 of 3")
        (site / "wait-system").unlink()
        await seen.see("Go to overview")
        assert workspace.state().entry("site", "myflask").result == "done"
        await seen.keys("enter")
        await seen.see("+ Add a site")


async def test_failed_app_is_tried_again_with_one_key(site):
    (site / "fail-app").touch()
    async with opened(site, steps=False) as seen:
        run = seen.app.service.start(seen.app.service.proposal(None))
        await seen.app.navigator.open_install(run, "myflask")
        await seen.see("Try again")
        await seen.see("app: it does not work.")
        (site / "fail-app").unlink()
        await seen.keys("enter")
        await seen.see("Go to overview")
        assert workspace.state().entry("site", "myflask").result == "done"


@pytest.mark.parametrize(
    ("remedies", "missing", "button"),
    [
        ((RunCommand("piwizard deploy", "after that"),), None, "Try again"),
        ((AskAnswer("app.env.API_KEY", secret=True), ApplySteps(("app",))), "app.env.API_KEY", "Enter API_KEY"),
        ((AddAnswer("app.writable", ("uploads",)), ApplySteps(("app",))), None, "Fix and try again"),
    ],
)
async def test_main_button_of_a_failure_does_what_fixes_it(remedies, missing, button):
    failure = replace(a_failure(None), remedies=remedies, missing_key=missing)
    assert main_button(failure)[1] == button
    assert "`" not in format_advice(remedies)


async def test_failure_is_fixed_with_one_key(site, monkeypatch):
    (site / "fail-app").touch()
    fix = (AddAnswer("app.writable", ("uploads",)), ApplySteps(("app",)))
    instance = StepInstance(step_named("app"), "myflask")
    monkeypatch.setattr(ScreenService, "failure", lambda self, site: replace(a_failure(instance), remedies=fix))
    async with opened(site, steps=False) as seen:
        run = seen.app.service.start(seen.app.service.proposal(None))
        await seen.app.navigator.open_install(run, "myflask")
        await seen.see("[ Fix and try again ]")
        (site / "fail-app").unlink()
        await seen.until(lambda: seen.app.screen.focused and seen.app.screen.focused.name == "fix")
        await seen.keys("enter")
        await seen.see("Go to overview")
        assert seen.app.service.answering.get("myflask", "app.writable") == ["uploads"]


async def test_run_is_shown_at_once_on_return(site, monkeypatch):
    (site / "wait-app").touch()
    async with opened(site, steps=False) as seen:
        run = seen.app.service.start(seen.app.service.proposal(None))
        await seen.app.navigator.open_install(run, "myflask")
        await seen.see("[app] line 3 of 3")
        await seen.keys("q")
        await seen.until(lambda: seen.app.return_value)
        assert "continues" in seen.app.return_value
    loaded = threading.Event()
    monkeypatch.setattr(textual_app, "_load", lambda: loaded.wait(60))
    async with opened(site, steps=False) as seen:
        await seen.see("Installing myflask")
        assert not loaded.is_set(), "it does not wait for other pages"
        loaded.set()
        await seen.see("● Your app")
        await seen.press("stop")
        await seen.see("Stop the current run?")
        await seen.press("yes")
        await seen.see("Stopped.")
        (site / "wait-app").unlink()
        await seen.press("retry")
        await seen.see("Go to overview")


async def test_everything_that_needs_the_user_has_its_button(home, monkeypatch):
    two = (NEEDED, Attention("photos: the page does not open", "check", "photos"))
    monkeypatch.setattr(ScreenService, "saved_overview", lambda self: replace(HOME, attention=two))
    monkeypatch.setattr(ScreenService, "refresh_overview", lambda self: replace(HOME, attention=two))
    bad = Finding("app-fails", "App runs", False, "it crashes", "No idea.", (ApplySteps(("app",)),), site="photos")
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [bad])
    async with opened(home, steps=False) as seen:
        await seen.see("2 things need you")
        await seen.see("[ Enter it ]")
        await seen.see("[ Diagnose ]")
        await seen.press("attend(1)")
        await seen.see("it crashes")
        await seen.see("[ Fix 1 problem ]")
        await seen.keys("escape")
        await seen.see("2 things need you")


async def test_moment_is_written_as_other_dates():
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC).astimezone()
    assert moment(now.isoformat(), now).startswith("today, ")
    assert moment((now + timedelta(days=1)).isoformat(), now).startswith("tomorrow, ")
    assert moment((now + timedelta(days=40)).isoformat(), now).startswith("10 Feb 2026, ")


async def test_way_in_that_was_not_checked_is_no_tick():
    shown = host_detail(replace(HOST, way_in_ok=None, clock_correct=False), 100).plain
    assert "○ Way in" in shown
    assert "not checked" in shown
    assert "clock not synchronized" in shown


async def test_visit_from_outside_is_noticed(home, monkeypatch):
    found = []
    monkeypatch.setattr(ScreenService, "visit_from_outside", lambda self, *_: found[0] if found else None)
    monkeypatch.setattr("piwizard.screens.home.router_page.SECONDS_BETWEEN_CHECKS", 0.05)
    async with opened(home, steps=False) as seen:
        await router(seen)
        found.append(Visit(datetime.now(UTC), "/", public=True))
        await seen.see("A visitor got in.")
        await seen.see("[ Continue ]")


async def test_failure_for_want_of_visitors_shows_the_steps_of_the_router(home, monkeypatch):
    failed = replace(a_failure(None), key=FORWARD)
    monkeypatch.setattr(ScreenService, "failure", lambda self, site: failed)
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_failure("photos", "run")
        await seen.see("One thing left: let visitors through your router")


@pytest.mark.parametrize("page", [overview, failure, done], ids=lambda page: page.__name__)
async def test_help_says_what_a_page_is_for(page, home):
    async with opened(home, steps=False) as seen:
        await page(seen)
        title, sentences = help_of(seen.app.screen)
        assert title
        assert sentences.endswith(".")


async def test_help_in_a_field_explains_its_question(home):
    async with opened(home) as seen:
        await seen.go_to("ddns")
        await seen.keys("enter")
        assert help_of(seen.app.screen) == ("Provider", "Where you have the name from.")


async def test_narrow_line_of_keys_keeps_enter_and_can_be_clicked(home):
    async with opened(home, (34, 20), steps=False) as seen:
        await seen.app.navigator.open_checkup()
        await seen.see("checks passed.")
        line = seen.lines()[-1]
        assert "Enter open, close" in line
        await seen.pilot.click(KeyLine, offset=(line.index("Esc"), 0))
        await seen.until(lambda: isinstance(seen.app.screen, OverviewPage))


async def test_steps_of_the_router_are_offered_while_there_are_any(home, monkeypatch):
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_site("photos")
        await seen.see("Router steps")
        await seen.app.navigator.open_router("photos")
        await seen.see("One thing left: let visitors through your router")
        monkeypatch.setattr(ScreenService, "router_rules", lambda self, site: None)
        await seen.app.navigator.open_home()
        await seen.app.navigator.open_site("photos")
        await seen.see("Remove this site")
        await seen.gone("Router steps")
        assert "router-steps" not in {name for name, _, _ in seen.app.screen.actions_list.actions}


@pytest.mark.parametrize(("forward", "offered"), [("by-hand", True), ("upnp", False), (None, False)])
async def test_steps_of_the_router_are_in_the_palette_if_they_are_by_hand(home, monkeypatch, forward, offered):
    async with opened(home, steps=False) as seen:
        answered = {FORWARD: forward}
        monkeypatch.setattr(AnswerStore, "get", lambda self, site, key: answered.get(key))
        assert ("Router steps for myflask" in {one.title for one in commands(seen.app)}) == offered


async def test_site_without_steps_for_the_router_says_so(home, monkeypatch):
    monkeypatch.setattr(ScreenService, "router_rules", lambda self, site: None)
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_router("photos")
        await seen.see("needs no steps in the router")


async def test_result_is_the_address_after_the_first_visit(home, monkeypatch):
    visit = Visit(datetime.now(UTC), "/", public=True)
    monkeypatch.setattr(ScreenService, "visit_from_outside", lambda self, *_: visit)
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_result("photos")
        await seen.see("Go to overview")


async def test_type_ahead_never_confirms(home):
    async with opened(home, steps=False) as seen:
        await overview(seen)
        await seen.type("raspberrypi.local")
        await seen.pilot.pause()
        assert not run_launch.under_way()
        assert not list(paths.logs_dir().glob("*"))


async def test_second_enter_opens_no_second_confirmation(home, monkeypatch):
    looked_at = threading.Event()

    def deployment(self, site):
        looked_at.wait(10)
        raise PiwizardError("The repository cannot be reached.")

    monkeypatch.setattr(ScreenService, "deployment", deployment)
    async with opened(home, steps=False) as seen:
        await asyncio.gather(*(seen.app.navigator.runs.deploy("photos") for _ in range(2)))
        await seen.pilot.pause()
        assert [type(screen).__name__ for screen in seen.app.screen_stack].count("ConfirmRun") == 1
        looked_at.set()
        await seen.see("The repository cannot be reached.")


async def test_run_that_began_meanwhile_is_reported(home, monkeypatch):
    def start(self, proposal):
        raise RunUnderWay("Another run is in progress.")

    monkeypatch.setattr(ScreenService, "start", start)
    async with opened(home, steps=False) as seen:
        await overview(seen)
        await seen.app.navigator.runs.confirmed(object(), "photos")
        await seen.see("Another run is in progress.")


async def test_plan_that_fails_is_reported_over_the_diagnosis(home, monkeypatch):
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [])
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_doctor("photos")
        await seen.until(lambda: isinstance(seen.app.screen, DoctorPage))
        await seen.app.navigator.runs.confirmed(PiwizardError("The repository cannot be reached."), "photos")
        await seen.see("The repository cannot be reached.")


async def test_full_disk_is_reported_on_the_overview(home, monkeypatch):
    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ScreenService, "refresh_overview", full)
    async with opened(home, steps=False) as seen:
        await seen.see("The disk is full.")
        assert seen.app.is_running


async def test_result_of_a_page_that_was_closed_is_not_shown(site):
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_install("20260101-000000")
        page = seen.app.screen
        assert isinstance(page, InstallPage)
        page._result = "stopped"
        await seen.app.navigator.open_activity()
        await seen.app.navigator.open_home()
        await seen.until(lambda: page not in seen.app.screen_stack)
        await page._show_result()
        assert isinstance(seen.app.screen, OverviewPage)


@pytest.mark.parametrize(("action", "page"), [("backup", BackupsPage), ("sheet", SheetPage), ("restart", DoctorPage)])
async def test_button_about_the_machine_opens_the_page_that_helps(home, monkeypatch, action, page):
    needed = replace(HOME, attention=(Attention("The backup is old.", action, None),))
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [])
    monkeypatch.setattr(ScreenService, "saved_overview", lambda self: needed)
    monkeypatch.setattr(ScreenService, "refresh_overview", lambda self: needed)
    async with opened(home, steps=False) as seen:
        await seen.press("attend(0)")
        await seen.until(lambda: type(seen.app.screen) is page)


async def test_checkup_is_repeated_and_opens_the_fixes_of_its_problems(home, monkeypatch):
    bad = Finding("app-fails", "App runs", False, "it crashes", "No idea.", (ApplySteps(("app",)),), site="photos")
    found = [[bad], [bad, replace(bad, ok=True)], [], OSError(errno.ENOSPC, "No space left on device"), []]

    def checkup(self):
        if isinstance(next_ := found.pop(0), OSError):
            raise next_
        return next_

    monkeypatch.setattr(ScreenService, "checkup", checkup)
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [bad])
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_checkup()
        await seen.see("1 problem, 0 checks passed.")
        await seen.press("check")
        await seen.see("1 problem, 1 check passed.")
        await seen.press("diagnose")
        await seen.see("[ Fix 1 problem ]")
        await seen.keys("escape")
        await seen.press("check")
        await seen.gone("[ Diagnose and fix ]")
        await seen.press("check")
        await seen.see("The disk is full.")
        await seen.press("check")
        await seen.gone("The disk is full.")


async def test_page_of_another_site_opens_over_that_of_the_first(home, monkeypatch):
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [])
    async with opened(home, steps=False) as seen:
        go = seen.app.navigator
        for site in ("photos", "hello", "hello"):
            await go.open_app_log(site)
        assert [one.site for one in seen.app.screen_stack if isinstance(one, AppLogPage)] == ["photos", "hello"]
        await go.open_doctor("photos")
        await go.open_checkup()
        assert type(seen.app.screen) is CheckupPage


async def test_keys_of_the_overview_open_pages_and_escape_returns(home):
    async with opened(home, steps=False) as seen:
        await overview(seen)
        await seen.keys("l")
        await seen.see("App log")
        await seen.keys("escape")
        await seen.see("This Pi")
        await seen.keys("escape")
        await seen.see("This Pi")
        await seen.keys("question_mark")
        await seen.see("Keys here")
        assert "Scroll Left" not in seen.text(), "nothing is wider than its list"


async def test_slow_app_log_is_shown(home, monkeypatch):
    reading, go = [], threading.Event()

    def slowly(self, site, after):
        reading.append(after)
        go.wait(10)
        return ["one", "two"], "end"

    monkeypatch.setattr(ScreenService, "app_log", slowly)
    monkeypatch.setattr(app_log_page, "SECONDS_BETWEEN_READS", 0.01)
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_app_log("photos")
        page = seen.app.screen
        await seen.until(lambda: reading)
        page._read()
        assert reading == [""], "a read that is under way is not replaced"
        go.set()
        await seen.see("two")


async def test_plan_that_replaces_edited_files_is_not_confirmed_by_enter(home, monkeypatch):
    edited = Previewed(File(Path("/etc/a"), "a"), Preview(in_sync=False, edited=True))
    proposal = Proposal(Mock(), [(StepInstance(step_named("app"), "photos"), [edited])])
    monkeypatch.setattr(ScreenService, "deployment", lambda self, site: proposal)
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.runs.deploy("photos")
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmRun) and seen.app.screen.focused)
        assert seen.app.screen._proposal is proposal
        assert seen.app.screen.focused.name == "no"


async def test_app_log_is_searched(home, monkeypatch):
    lines = [f"line {number}" for number in range(100)]
    monkeypatch.setattr(ScreenService, "app_log", lambda self, site, after: ([] if after else lines, "end"))
    monkeypatch.setattr(app_log_page, "SECONDS_BETWEEN_READS", 0.1)
    async with opened(home, steps=False) as seen:
        await seen.app.navigator.open_app_log("photos")
        await seen.see("line 99")
        await seen.keys("slash")
        await seen.type("line 17")
        await seen.keys("enter")
        await seen.see("n next, N previous")
        await seen.see("line 17")
        await asyncio.sleep(0)


async def test_activity_lists_runs_and_opens_a_log(site):
    async with opened(site, steps=False) as seen:
        run = seen.app.service.start(seen.app.service.proposal(None))
        await seen.until(lambda: run_launch.under_way() is None and workspace.state().entry("site", "myflask"))
        await seen.app.navigator.open_activity()
        await seen.see("myflask")
        await seen.keys("enter")
        await seen.see(f"Run {run}")
        await seen.until(lambda: "Esc back" in seen.lines()[-1], "the line of keys")


async def test_steps_remembered_as_done_are_offered_for_undo(site):
    fake_pi.remember(site, "app", "myflask")
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_undo("myflask")
        await seen.see("App")


async def test_sparkline_in_ascii_differs_at_each_step():
    assert len(set(in_ascii(SPARKS))) == len(SPARKS)


async def test_sparkline_has_a_block_for_each_hour():
    assert sparkline((0, 1, 50, 100)) == "▁▂▄▇"
    assert sparkline(()) == ""


async def test_two_pages_of_a_kind_can_be_open(home):
    async with opened(home, steps=False) as seen:
        for site in ("photos", "hello"):
            await seen.app.navigator.open_site(site)
            await seen.app.navigator.open_setup(site)
            await seen.app.navigator.open_steps()
        await seen.see("[ Install ]")


async def test_every_page_names_the_machine(home, monkeypatch):
    monkeypatch.setattr(ScreenService, "diagnose", lambda self, site: [])
    async with opened(home, steps=False) as seen:
        go = seen.app.navigator
        for opening in (go.open_site("photos"), go.open_undo("myflask"), go.open_app_log("photos"), go.open_activity()):
            await opening
            await seen.until(lambda: "raspberrypi" in seen.lines()[0], "the machine in the first line")
            seen.app.machine = ""  # as if no page had known it
