"""Compare each page of the setup with its text snapshot: three sizes, and ASCII."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from piwizard.apps import app_source
from piwizard.apps.repository_access import deploy_key_page
from piwizard.errors import PiwizardError, RepositoryLoginRequired
from piwizard.git.git_address import parse_address
from piwizard.screens.controllers import answers_controller
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.setup import deploy_key_page as key_page
from piwizard.screens.widgets.fold import FoldTitle
from piwizard.setup.form_page import FormPage
from piwizard.setup.repository_key import KeyOffer, KeyTest
from tests.unit.screens import fake_cases
from tests.unit.screens.conftest import Seen, assert_cursor_is_on_each_focused_widget
from tests.unit.screens.test_setup_pages import nothing_is_looked_up, visited  # noqa: F401 — a fixture
from tests.unit.screens.test_snapshots import (
    SIZES,
    assert_colours_suit_any_background,
    compare,
    compare_sizes,
    shown,
)

pytestmark = pytest.mark.asyncio
REPOSITORY = "https://github.com/user/photos"
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEKwYEf8pddk8FiMgpPPxiBZvZAtluFy3j1hZcefaabc piwizard photos@raspberrypi"
ANSWERED = (
    '[sites.photos.site]\ndomains = ["photos-home.duckdns.org"]\n[sites.photos.tls]\nhttps = true\n'
    f'[sites.photos.app]\nrepo = "{REPOSITORY}"\n[ddns]\nhostname = "photos-home.duckdns.org"\nprovider = "duckdns"\n'
)
CODE = (
    'import os\nfrom flask import Flask\n\napp = Flask(__name__)\napp.secret_key = os.environ["SECRET_KEY"]\n'
    'KEY = os.environ["WEATHER_API_KEY"]\nDEBUG = os.environ.get("FLASK_DEBUG", "0")\n'
)


async def drawn(seen: Seen, words: str) -> None:
    """Wait for a text, which may be below the last line of a small screen."""
    await seen.until(lambda: any(words in str(one.content) for one in seen.app.screen.query(Static)), repr(words))


async def welcome(seen: Seen) -> None:
    await drawn(seen, "This Pi is ready")


async def your_app(seen: Seen) -> None:
    await seen.app.navigator.open_setup("photos")
    await drawn(seen, "Found in your code")


async def settings(seen: Seen) -> None:
    await seen.app.navigator.open_setup("photos", FormPage.SETTINGS)
    await seen.until(lambda: len(seen.app.screen.query("#variables > Fold")) == 2)
    await seen.until(lambda: seen.app.screen.focused)
    seen.app.screen.query_one("#page-body").scroll_home(animate=False)
    await seen.pilot.pause()


async def deploy_key(seen: Seen) -> None:
    await seen.app.navigator.open_setup("photos", FormPage.KEY)
    await drawn(seen, "tried once")


async def address(seen: Seen) -> None:
    await seen.app.navigator.open_setup("photos", FormPage.ADDRESS)
    await drawn(seen, "How visitors get in")
    await drawn(seen, "on request (UPnP)")
    await seen.until(lambda: seen.app.screen.focused)


async def review_missing(seen: Seen) -> None:
    await seen.app.navigator.open_setup("photos", FormPage.REVIEW)
    await drawn(seen, "answers are missing")
    await seen.until(lambda: seen.app.screen.focused)


async def review(seen: Seen) -> None:
    store = seen.app.service.answering
    store.set_secret("photos", "ddns.password", "0123")
    store.set_member("photos", "app.env", "WEATHER_API_KEY", "0123")
    await seen.app.navigator.open_setup("photos", FormPage.REVIEW)
    await drawn(seen, "Ready to install")
    await seen.until(lambda: seen.app.screen.focused)


async def site_settings(seen: Seen) -> None:
    await seen.app.navigator.open_settings("photos")
    await seen.until(lambda: any(one.label == "URL path" for one in seen.app.screen.query(FoldTitle)))
    await seen.until(lambda: seen.app.screen.focused)


PAGES = [welcome, your_app, settings, deploy_key, address, review_missing, review, site_settings]


@pytest.fixture
def photos(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a fake Pi with the answers and the code of photos."""
    fake_cases.code(folder, monkeypatch, app=CODE)
    fake_cases.write_answers(folder, ANSWERED)
    offer = KeyOffer("photos", PUBLIC, deploy_key_page(parse_address(REPOSITORY)), "git@github.com:user/photos.git")
    monkeypatch.setattr(ScreenService, "key_offer", lambda self, site: offer)
    monkeypatch.setattr(ScreenService, "unknown_host_keys", lambda self, offer: [])
    monkeypatch.setattr(ScreenService, "test_key", lambda self, offer: KeyTest(False, "Not yet."))
    monkeypatch.setattr(key_page, "SECONDS_BETWEEN_TESTS", (600,))
    return folder


def pretend_first_visit(monkeypatch: Any) -> None:
    monkeypatch.setattr(ScreenService, "first_visit", lambda self: True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
async def test_page_of_the_setup_equals_snapshot(page, size, photos, monkeypatch):
    pretend_first_visit(monkeypatch)
    async with visited(photos, size) as seen:
        await page(seen)
        await compare_sizes(seen, f"setup_{page.__name__}", size)


@pytest.mark.nightly
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
async def test_page_of_the_setup_in_ascii_equals_snapshot(page, photos, monkeypatch):
    pretend_first_visit(monkeypatch)
    async with visited(photos, plain=True) as seen:
        await page(seen)
        strips = seen.app.screen._compositor.render_strips()
        assert_colours_suit_any_background(strips)
        text = "\n".join(line.rstrip() for line in shown(strips, seen.app.get_line_filters()))
        assert text.isascii()
        compare(f"setup_{page.__name__}-ascii", text)


async def test_server_that_refuses_the_test_is_reported_and_the_page_stays(photos, monkeypatch):
    pretend_first_visit(monkeypatch)

    def refuse(self, *_):
        raise PiwizardError("github.com cannot be reached.")

    monkeypatch.setattr(ScreenService, "test_key", refuse)
    async with visited(photos) as seen:
        await seen.app.navigator.open_setup("photos", FormPage.KEY)
        await seen.see("! github.com cannot be reached.")
        page = seen.app.screen
        page._unknown = [object()]
        monkeypatch.setattr(ScreenService, "trust_server", refuse)
        await page.action_trust()
        await drawn(seen, "github.com cannot be reached.")
        assert seen.app.is_running


async def test_terminal_cursor_is_on_each_widget_of_the_setup(photos, monkeypatch):
    pretend_first_visit(monkeypatch)
    async with visited(photos) as seen:
        for page in PAGES:
            await page(seen)
            await assert_cursor_is_on_each_focused_widget(seen)
            await seen.app.navigator.open_home()


async def test_private_repository_gets_a_key_and_continues_once_it_is_accepted(photos, monkeypatch):
    pretend_first_visit(monkeypatch)
    found = app_source.find_source

    def refuse(*words, **more):
        raise RepositoryLoginRequired("app.repo", "the repository needs a login, or does not exist.")

    monkeypatch.setattr(app_source, "find_source", refuse)
    monkeypatch.setattr(answers_controller, "MAX_FLUSH_SECONDS", 60)  # saving must not wait for itself
    async with visited(photos) as seen:
        await seen.app.navigator.open_setup("photos")
        await seen.see("[ Give access ]")
        monkeypatch.setattr(key_page, "SECONDS_BETWEEN_TESTS", (0.05,))
        await seen.press("give_access")
        await seen.see("Waiting for GitHub to accept the key…")
        await seen.see("github.com/user/photos/settings/keys/new")
        monkeypatch.setattr(app_source, "find_source", found)
        monkeypatch.setattr(ScreenService, "test_key", lambda self, offer: KeyTest(True, "It works."))
        await seen.see("✓ GitHub accepts the key.")
        await seen.ready("continue")
        await seen.keys("enter")
        await seen.see("Found in your code")
        assert seen.app.service.answering.get("photos", "app.repo") == "git@github.com:user/photos.git"


async def test_help_is_beside_the_fields_of_a_wide_window_and_below_in_others(photos, monkeypatch):
    pretend_first_visit(monkeypatch)
    words = "copy the token"
    async with visited(photos, (120, 40)) as seen:
        await address(seen)
        field = seen.app.screen.field("ddns.password")
        field.query_one("LineEditor").focus()
        await seen.see("DuckDNS token")
        await seen.until(lambda: words in str(seen.app.screen.help_column.content))
        assert seen.app.screen.help_column.region.x >= 80
        assert not field._note.display
        assert any("DuckDNS token" in line[80:] for line in seen.lines())
        await seen.pilot.resize_terminal(100, 30)
        await seen.until(lambda: field._note.display, "the help under the field")
        assert words in str(field._note.content)
        assert not seen.app.screen.help_column.display
        await seen.pilot.resize_terminal(120, 40)
        await seen.until(lambda: not field._note.display, "the help beside the field")
        name = seen.app.screen.field("site.domains")
        name.query_one("LineEditor").focus()
        name.query_one("LineEditor").value = "my first_site"
        await seen.until(lambda: name._note.display, "what is wrong, still under the field")
