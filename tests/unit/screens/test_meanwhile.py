"""Test events that interrupt the user: the end of a run, an address on trial, other answers."""

from __future__ import annotations

import asyncio
import errno

import pytest

from piwizard.engine import run_launch
from piwizard.network import address_trial
from piwizard.screens.background import run_in_thread
from piwizard.screens.main_screen import MainScreen
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.fields import Field
from piwizard.screens.widgets.log_pane import LogPane
from piwizard.screens.widgets.setup_pane import SetupPane
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import files
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
FAMILY = "pi.my-family.example"
"""A domain that contains the keys that run everything and confirm."""


async def begin_to_type(seen):
    """Type into the field of the host name while other events happen."""
    await seen.go_to("ddns")
    await seen.keys("1", "enter", "down", "ctrl+e", "ctrl+u")


@pytest.mark.parametrize("ends", ["done", "failed"])
async def test_end_of_run_does_not_move_the_cursor(site, ends):
    (site / "wait-system").touch()
    if ends == "failed":
        (site / "fail-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("[system] line 3 of 3")
        await begin_to_type(seen)
        first, rest = FAMILY[:5], FAMILY[5:]
        await seen.type(first)
        (site / "wait-system").unlink()
        await seen.see("Done. Press Esc" if ends == "done" else "system: it does not work.")
        await seen.settle()
        await seen.type(rest)
        assert seen.app.screen is seen.main
        assert seen.app.focused.value == FAMILY
        await seen.keys("enter")
        await seen.settle()
        assert AnswerStore().get(None, "ddns.hostname") == FAMILY
        assert not run_launch.under_way()


async def test_address_dialog_waits_while_user_types(site, tried, monkeypatch):
    known, on = ScreenService.trial, []
    monkeypatch.setattr(ScreenService, "trial", lambda self: known(self) if on else None)
    async with opened(site) as seen:
        await begin_to_type(seen)
        await seen.type("pi.")
        on.append(True)
        await seen.see("Testing 192.168.1.230")
        await seen.type("kitchen.example")
        assert seen.app.focused.value == "pi.kitchen.example"
        assert address_trial.trial_outcome(tried) != "kept"
        await seen.keys("escape")
        await seen.see("Keep this address?")


async def test_two_dialogs_open_together(site, tried, monkeypatch):
    """Ask whether to stop the run, and whether to keep an address."""
    (site / "wait-system").touch()
    known, on = ScreenService.trial, []
    monkeypatch.setattr(ScreenService, "trial", lambda self: known(self) if on else None)
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("[system] line 3 of 3")
        await seen.keys("1")
        await seen.press("stop")
        await seen.see("Stop the current run?")
        on.append(True)
        await seen.see("Keep this address?")
        await seen.keys("escape")
        await seen.see("Stop the current run?")
        await seen.keys("escape")
        (site / "wait-system").unlink()
        await seen.until(lambda: workspace.state().entry("system", None).result == "done")


async def test_keys_typed_ahead_confirm_nothing(site):
    """A slow connection delivers them all together."""
    async with opened(site) as seen:
        await seen.go_to("system")
        seen.main.sidebar.focus()
        await seen.keys("end")
        for key in ("enter", "escape", "enter", "escape"):
            seen.app.simulate_key(key)
        await seen.until(lambda: seen.app.screen.focused, "a page in front: Esc may have closed that of all steps")
        assert len(AnswerStore().sites()) == 1
        assert not run_launch.under_way()


async def test_repository_is_saved_after_site_is_renamed(site):
    async with opened(site) as seen:
        await seen.go_to("app")
        await seen.keys("enter", "ctrl+e", "ctrl+u")
        await seen.type("blog")
        await seen.keys("enter", "ctrl+e", "ctrl+u")
        await seen.type("https://git.example/me/blog.git")
        await seen.settle()
        assert seen.app.screen is seen.main
        await seen.keys("enter")
        await seen.settle()
        assert AnswerStore().get("blog", "app.repo") == "https://git.example/me/blog.git"
        assert seen.main.navigation.chosen.site == "blog"


async def test_secret_without_site_name_is_refused(folder):
    """It cannot be saved yet: it stays in its field, with a message."""
    async with opened(folder) as seen:
        await seen.go_to("app")
        await seen.keys("enter")
        seen.main.query_one(SetupPane).form.focus_on("app.token")
        await seen.type("s3cr3t")
        await seen.keys("enter")
        await seen.see("Enter the site name before its secrets.")
        assert "saved" not in seen.text()


async def test_shown_value_does_not_overwrite_newer_answer(site):
    async with opened(site) as seen:
        await seen.go_to("site")
        await seen.keys("enter")
        both = ["myflask.example", "www.myflask.example"]
        AnswerStore().set("myflask", "site.domains", both)
        seen.main.steps.ask(seen.main.navigation.chosen)
        await seen.settle()
        for field in seen.main.query(Field):
            field.commit()
        await seen.settle()
        assert AnswerStore().get("myflask", "site.domains") == both


async def test_full_disk_is_reported_at_the_field(site, monkeypatch):
    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    async with opened(site) as seen:
        await begin_to_type(seen)
        await seen.type("pi.example")
        with monkeypatch.context() as lacking:
            lacking.setattr(files, "replace", full)
            await seen.keys("enter")
            await seen.see("The disk is full.")
        assert seen.app.is_running


async def test_end_key_follows_the_log_again(site):
    (site / "chatty-system").write_text("100")
    (site / "wait-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("[system] line 100 of 100")
        log = seen.main.query_one(LogPane)
        await seen.keys("up", "up")
        assert not log.list.following
        await seen.keys("end")
        assert log.list.following
        (site / "wait-system").unlink()
        await seen.until(lambda: workspace.state().entry("system", None).result == "done")


async def test_questions_that_arrive_during_the_wait_notice_are_shown(site, monkeypatch):
    async with opened(site) as seen:
        await seen.go_to("app")
        setup, instance = seen.main.query_one(SetupPane), seen.main.navigation.chosen
        asked = await run_in_thread(lambda: seen.main.service.asked(instance))
        for _ in range(3):
            await setup.refuse("")
            coming = asyncio.ensure_future(setup.ask(instance, asked))
            await asyncio.sleep(0)
            waiting = asyncio.ensure_future(setup.wait(instance))
            await asyncio.gather(coming, waiting)
            assert [field.question.key for field in seen.main.query(Field)] == [one.key for one in asked.questions]


async def test_all_steps_chosen_again_returns_to_the_open_page(site):
    async with opened(site) as seen:
        await seen.app.navigator.open_settings("myflask")
        await seen.app.navigator.open_steps()
        await seen.pilot.pause()
        assert [type(one) for one in seen.app.screen_stack].count(MainScreen) == 1
        assert seen.app.screen is seen.main
