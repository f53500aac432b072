"""Test what the setup shows while it reads code, and how a refusal leads to its answer."""

from __future__ import annotations

import threading

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.screens.screen_service import ScreenService
from piwizard.setup.form_page import FormPage
from tests.unit.screens import fake_cases, fake_pi
from tests.unit.screens.test_setup_pages import (  # noqa: F401 — a fixture
    PLAIN,
    nothing_is_looked_up,
    to_the_address,
    type_repository,
    visited,
)

pytestmark = pytest.mark.asyncio


async def test_reading_shows_its_seconds_and_takes_no_letter_for_a_key(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    read, go = ScreenService.page_content, threading.Event()

    def slowly(self, site, page, facts):
        if site is not None:
            go.wait(10)
        return read(self, site, page, facts)

    monkeypatch.setattr(ScreenService, "page_content", slowly)
    async with visited(folder) as seen:
        await type_repository(seen)
        await seen.keys("enter")
        await seen.see("Reading the repository… 1 s")
        await seen.type("quick.duckdns.org")
        await seen.press("continue")
        assert seen.app.is_running
        assert "Where is your code?" in seen.text()
        go.set()
        await seen.see("Who should be able to open photos?")
        assert "Reading the repository" not in seen.text()


async def test_page_that_is_read_takes_no_letter_for_a_key(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    read, go = ScreenService.page_content, threading.Event()
    go.set()

    def slowly(self, site, page, facts):
        go.wait(10)
        return read(self, site, page, facts)

    monkeypatch.setattr(ScreenService, "page_content", slowly)
    async with visited(folder) as seen:
        await to_the_address(seen)
        go.clear()
        await seen.app.navigator.open_setup("photos", FormPage.REVIEW)
        await seen.see("Preparing the plan. Nothing has changed yet…")
        for key in ("q", "enter"):
            seen.app.simulate_key(key)
        await seen.app.screen.messages_handled()
        go.set()
        await seen.see("Name")
        assert seen.app.is_running


async def test_router_that_stops_answering_is_named_in_the_review_with_a_way_to_the_choice(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    fake_cases.write_answers(
        folder,
        fake_cases.SITE.format(name="photos", domain="photos.example.org", more="")
        + '[router]\nforward = "upnp"\n[sites.photos.tls]\nhttps = false\n',
    )
    probe = fake_pi.Do.probe

    def silent(self, machine, memory):
        if self.step == "router":
            raise ChangeFailed("router.forward: the router does not answer UPnP requests.", key="router.forward")
        return probe(self, machine, memory)

    monkeypatch.setattr(fake_pi.Do, "probe", silent)
    monkeypatch.setattr(ScreenService, "first_visit", lambda self: True)
    async with visited(folder) as seen:
        await seen.app.navigator.open_setup("photos", FormPage.REVIEW)
        await seen.see("1 answer cannot be used")
        assert "The router does not answer UPnP requests." in seen.text()
        await seen.ready("answer")
        await seen.keys("enter")
        await seen.see("By hand")
        assert seen.page.field("router.forward").has_focus_within
