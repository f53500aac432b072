"""Cut the connection on each page of a setup and at each stage of its installation, then return."""

from __future__ import annotations

import asyncio
import time

import pytest

from piwizard.engine import run_launch
from piwizard.screens.home.install_page import InstallPage
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.setup.variable_field import VariableField
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.site_form import FormPage
from piwizard.steps.step import Stage
from tests.unit.screens import fake_cases
from tests.unit.screens.conftest import Seen, opened
from tests.unit.screens.test_setup_pages import (  # noqa: F401 — a fixture
    PLAIN,
    REPOSITORY,
    nothing_is_looked_up,
    to_the_address,
    visited,
)

pytestmark = pytest.mark.asyncio
NAME = "photos-home.duckdns.org"
TWO_VARIABLES = (
    "import os\nfrom flask import Flask\n\napp = Flask(__name__)\n"
    'PLACE = os.environ["CITY_NAME"]\nKEY = os.environ["WEATHER_API_KEY"]\n'
)
STAGES = (
    ("nginx", Stage.WEB_SERVER),
    ("app", Stage.APP),
    ("gunicorn", Stage.SERVICE),
    ("site", Stage.ADDRESS),
)
"""Steps of an installation with one of each stage, in order."""


async def cut(seen: Seen) -> None:
    """Do what the app does when its terminal is gone, without ending this process."""
    await seen.app._save_answers(cut_off=True)


async def field_of(seen: Seen, key: str) -> None:
    """Wait until the cursor is in the field of a question."""
    page = seen.app.screen
    await seen.until(lambda: page.has(key) and page.field(key).has_focus_within, f"the field of {key}")


async def test_cut_while_the_repository_is_typed(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await seen.keys("enter")
        await seen.see("Where is your code?")
        await seen.until(lambda: seen.app.screen.focused)
        await seen.type(REPOSITORY)
        await cut(seen)
    assert AnswerStore().get("photos", "app.repo") == REPOSITORY
    async with opened(folder, steps=False) as seen:
        await seen.see("+ Add a site")
        await seen.app.navigator.open_setup("photos")
        await seen.see(REPOSITORY)
        await seen.see("Found in your code")


async def test_cut_while_variables_are_typed_saves_no_part_of_a_secret(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=TWO_VARIABLES)
    fake_cases.write_answers(folder, fake_cases.SITE.format(name="photos", domain="raspberrypi.local", more=""))
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_setup("photos", FormPage.SETTINGS)
        await seen.until(lambda: seen.app.screen.focused)
        fields = {one.setting.name: one for one in seen.app.screen.query(VariableField)}
        fields["CITY_NAME"].editor.focus()
        await seen.pilot.pause()
        await seen.type("Zurich")
        fields["WEATHER_API_KEY"].editor.focus()
        await seen.pilot.pause()
        await seen.type("half of a")
        await cut(seen)
    assert AnswerStore().get("photos", "app.env") == {"CITY_NAME": "Zurich"}
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_setup("photos", FormPage.REVIEW)
        await seen.see("1 answer is missing")
        await seen.see("WEATHER_API_KEY")


async def test_provider_of_a_saved_name_is_saved_on_return(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    fake_cases.write_answers(folder, fake_cases.SITE.format(name="photos", domain=NAME, more=""))
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_setup("photos", FormPage.ADDRESS)
        await seen.until(lambda: AnswerStore().get("photos", "ddns.hostname") == NAME, "the name at the provider")
        await seen.until(lambda: AnswerStore().get("photos", "ddns.provider") == "duckdns", "the provider")
    assert AnswerStore().get("photos", "site.domains") == [NAME]


async def test_cut_while_the_name_is_typed_asks_for_its_provider_on_return(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.keys("down", "enter")
        await field_of(seen, "site.domains")
        await seen.type(NAME)
        await cut(seen)
    assert AnswerStore().get("photos", "site.domains") == [NAME]
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_setup("photos", FormPage.ADDRESS)
        await field_of(seen, "ddns.password")
        await seen.type("0123-token")
        await seen.keys("enter", "ctrl+r")
        await seen.see("Ready to install")
        store = AnswerStore()
        assert store.get("photos", "ddns.password") == {"asked": True}
        assert store.get("photos", "ddns.hostname") == NAME
        assert store.get("photos", "ddns.provider") == "duckdns"
        assert store.get("photos", "tls.https") is True


async def test_cut_at_the_review_installs_nothing_and_shows_it_again(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    fake_cases.write_answers(folder, fake_cases.SITE.format(name="photos", domain="raspberrypi.local", more=""))
    before = (folder / "etc" / "answers.toml").read_text()
    for _ in range(2):
        async with opened(folder, steps=False) as seen:
            await seen.app.navigator.open_setup("photos", FormPage.REVIEW)
            await seen.see("Ready to install")
            await cut(seen)
        assert not run_launch.under_way()
        assert (folder / "etc" / "answers.toml").read_text() == before


async def test_cut_while_a_setting_of_an_installed_site_is_changed(site):
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_settings("myflask")
        await seen.until(lambda: seen.app.screen.content)
        await seen.until(lambda: seen.app.screen.has("app.branch"))
        seen.app.screen.field("app.branch").query_one("LineEditor").focus()
        await seen.pilot.pause()
        await seen.type("develop")
        await cut(seen)
    assert AnswerStore().get("myflask", "app.branch") == "develop"


@pytest.mark.nightly
async def test_return_at_each_stage_shows_the_running_installation_first(site):
    for step, _ in STAGES:
        (site / f"wait-{step}").touch()
    service = ScreenService()
    run = service.start(service.proposal(None))
    end = time.monotonic() + 60
    while run_launch.under_way() != run and time.monotonic() < end:
        await asyncio.sleep(0.05)
    for step, stage in STAGES:
        async with opened(site, steps=False) as seen:
            await seen.until(lambda: isinstance(seen.app.screen, InstallPage), "the page of the run")
            await seen.see("Installing myflask")
            await seen.see(f"● {stage.value}")
            await seen.see(f"[{step}] line 3 of 3")
            await cut(seen)
        assert run_launch.under_way() == run
        (site / f"wait-{step}").unlink()
    async with opened(site, steps=False) as seen:
        await seen.until(lambda: not run_launch.under_way(), "the end of the run")
        assert workspace.state().entry("site", "myflask").result == "done"
