"""What comes in the middle of something else: a run that ends, an address on trial, an answer given elsewhere."""

from __future__ import annotations

import asyncio
import errno

import pytest

from piwizard.engine import run_launch
from piwizard.network import address_trial
from piwizard.screens.background import run_in_thread
from piwizard.screens.form.fields import Field
from piwizard.screens.log.log_pane import LogPane
from piwizard.screens.panes.setup_pane import SetupPane
from piwizard.screens.screen_service import ScreenService
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import files
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
FAMILY = "pi.my-family.example"
"""Among its letters are those of keys that run everything and say yes."""


async def begin_to_type(seen):
    """Into the field of the host name, while whatever goes on goes on."""
    await seen.keys("escape")
    await seen.go_to("ddns")
    await seen.keys("1", "enter", "down", "ctrl+e", "ctrl+u")


@pytest.mark.parametrize("ends", ["done", "failed"])
async def test_a_run_that_ends_takes_no_cursor_away(site, ends):
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


async def test_an_address_on_trial_waits_for_who_is_typing(site, tried, monkeypatch):
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


async def test_two_questions_at_once(site, tried, monkeypatch):
    """Whether to stop what runs, and whether an address stays."""
    (site / "wait-system").touch()
    known, on = ScreenService.trial, []
    monkeypatch.setattr(ScreenService, "trial", lambda self: known(self) if on else None)
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("[system] line 3 of 3")
        await seen.keys("s")
        await seen.see("Stop the current run?")
        on.append(True)
        await seen.see("Keep this address?")
        await seen.keys("n")
        await seen.see("Stop the current run?")
        await seen.keys("n")
        (site / "wait-system").unlink()
        await seen.until(lambda: workspace.state().entry("system", None).result == "done")


async def test_keys_that_were_typed_ahead(site):
    """A slow line brings them all at once."""
    async with opened(site) as seen:
        await seen.go_to("system")
        seen.main.sidebar.focus()
        await seen.keys("end")
        for key in ("enter", "escape", "enter", "escape"):
            seen.app.simulate_key(key)
        await seen.settle()
        await seen.keys("escape")  # those before may have come before the question had
        await seen.until(lambda: seen.app.screen is seen.main)


async def test_the_repository_after_another_name(site):
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
        assert seen.main.navigation.place.site == "blog"


async def test_a_secret_before_the_site_has_a_name(folder):
    """It has no place yet: it stays in its field, and that is said."""
    async with opened(folder) as seen:
        await seen.go_to("app")
        await seen.keys("enter")
        seen.main.query_one(SetupPane).form.focus_on("app.token")
        await seen.type("s3cr3t")
        await seen.keys("enter")
        await seen.see("Enter the site name before its secrets.")
        assert "saved" not in seen.text()


async def test_what_is_shown_still_goes_over_no_newer_answer(site):
    async with opened(site) as seen:
        await seen.go_to("site")
        await seen.keys("enter")
        both = ["myflask.example", "www.myflask.example"]
        AnswerStore().set("myflask", "site.domains", both)
        seen.main.steps.ask(seen.main.navigation.place)
        await seen.settle()
        for field in seen.main.query(Field):
            field.commit()
        await seen.settle()
        assert AnswerStore().get("myflask", "site.domains") == both


async def test_a_full_disk_is_said_at_the_field(site, monkeypatch):
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


async def test_end_follows_the_log_again(site):
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


async def test_questions_that_come_just_as_it_is_said_that_they_are_looked_for(site, monkeypatch):
    async with opened(site) as seen:
        await seen.go_to("app")
        setup, place = seen.main.query_one(SetupPane), seen.main.navigation.place
        asked = await run_in_thread(lambda: seen.main.service.asked(place))
        for _ in range(3):
            await setup.refuse("")
            coming = asyncio.ensure_future(setup.ask(place, asked))
            await asyncio.sleep(0)
            waiting = asyncio.ensure_future(setup.wait(place))
            await asyncio.gather(coming, waiting)
            assert [field.question.key for field in seen.main.query(Field)] == [one.key for one in asked.questions]
