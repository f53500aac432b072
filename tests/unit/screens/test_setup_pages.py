"""Drive the setup of a site on a fake Pi, from the welcome page to a running installation."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste

from piwizard.answers.validators import Invalid
from piwizard.dns.account_check import AccountCheck
from piwizard.engine import run_launch
from piwizard.errors import Consent, ConsentMissing
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.setup.address_page import line_rows
from piwizard.screens.setup.env_paste import PasteEditor, parse_env
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.textual_app import PiwizardApp
from piwizard.screens.widgets import answer_lookup
from piwizard.screens.widgets.answer_lookup import AnswerLookup
from piwizard.screens.widgets.fold import Fold
from piwizard.setup import review
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.form_page import FormPage
from piwizard.setup.internet_line import InternetLine
from tests.unit.screens import fake_cases
from tests.unit.screens.conftest import Seen, opened

pytestmark = pytest.mark.asyncio
REPOSITORY = "https://github.com/user/photos"
PLAIN = "from flask import Flask\n\napp = Flask(__name__)\n"


@pytest.fixture(autouse=True)
def nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer lookups without a network."""
    line = InternetLine("11.22.33.44", upnp=True)
    monkeypatch.setattr(ScreenService, "internet_line", lambda self: line)
    monkeypatch.setattr(ScreenService, "check_ddns_account", lambda self, site: None)
    monkeypatch.setattr(
        answer_lookup, "look_up_repository", lambda *_: AnswerLookup(True, "Found. Default branch: main.")
    )
    monkeypatch.setattr(
        answer_lookup, "look_up_domains", lambda names: AnswerLookup(False, f"{names[0]} does not resolve yet.")
    )


class Person(Seen):
    """A user who counts the keys besides typed text."""

    pressed = 0

    async def keys(self, *keys: str) -> None:
        self.pressed += len(keys)
        await super().keys(*keys)

    @property
    def page(self) -> SetupPage:
        assert isinstance(self.app.screen, SetupPage)
        return self.app.screen

    async def ready(self, focused: str) -> None:
        """Wait until a button has the focus."""
        await self.until(
            lambda: self.app.screen.focused is not None and self.app.screen.focused.name == focused,
            f"{focused} in focus",
        )

    async def answers(self, key: str, value: Any, site: str = "photos") -> None:
        """Wait until an answer is on disk."""
        await self.until(lambda: AnswerStore().get(site, key) == value, f"{key} = {value}")


@asynccontextmanager
async def visited(folder: Path, size: tuple[int, int] = (80, 24), *, plain: bool = False) -> AsyncIterator[Person]:
    """Open the app of a first visit."""
    app = PiwizardApp(ScreenService(), plain=plain)
    async with app.run_test(size=size) as pilot:
        seen = Person(pilot, folder)
        await seen.see("Put your Flask app online")
        await seen.gone("Checking this Pi")
        yield seen


async def type_repository(seen: Person, text: str = REPOSITORY) -> None:
    """Start, and type a repository into its field."""
    await seen.keys("enter")
    await seen.see("Where is your code?")
    await seen.until(lambda: seen.app.screen.focused)
    await seen.type(text)


async def to_the_address(seen: Person) -> None:
    """Give a repository whose code needs nothing."""
    await type_repository(seen)
    await seen.keys("enter")
    await seen.see("Found in your code")
    await seen.ready("continue")
    await seen.keys("enter")
    await seen.see("Who should be able to open photos?")
    await seen.until(lambda: seen.app.screen.focused)


async def to_the_name(seen: Person) -> None:
    """Choose the Internet, and wait for the field of the name."""
    await to_the_address(seen)
    await seen.keys("down", "enter")
    await seen.until(lambda: seen.page.has("site.domains") and seen.page.field("site.domains").has_focus_within)


async def installing(seen: Person) -> None:
    """Confirm the review, and wait for the run."""
    await seen.see("Ready to install")
    await seen.ready("install")
    assert run_launch.under_way() is None, "nothing has run before"
    await seen.keys("enter")
    await seen.until(lambda: list(seen.folder.glob("log/*")), "a run")


async def test_home_only_setup_takes_eight_keys_at_most(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.keys("enter")
        await seen.answers("site.domains", ["raspberrypi.local"])
        await seen.ready("continue")
        await seen.keys("enter")
        await installing(seen)
        assert seen.pressed <= 8


async def test_internet_setup_takes_fourteen_keys_at_most(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.keys("down", "enter")
        await seen.see("such as photos-home.duckdns.org")
        await seen.until(lambda: seen.page.has("site.domains") and seen.page.field("site.domains").has_focus_within)
        await seen.type("photos-home.duckdns.org")
        await seen.keys("enter")
        await seen.see("DuckDNS token")
        await seen.until(lambda: seen.page.has("ddns.password") and seen.page.field("ddns.password").has_focus_within)
        assert "User name" not in seen.text(), "only what this provider needs"
        await seen.type("0123-token")
        await seen.keys("enter")
        await seen.answers("ddns.password", {"asked": True})
        await seen.answers("ddns.provider", "duckdns")
        await seen.answers("tls.https", True)
        await seen.ready("continue")
        await seen.keys("enter")
        await installing(seen)
        assert seen.pressed <= 14
        assert "0123-token" not in (folder / "etc" / "answers.toml").read_text()


@pytest.mark.parametrize(
    ("ok", "sentence"), [(True, "DuckDNS accepted it."), (False, "DuckDNS refused the update: the token is wrong.")]
)
async def test_token_is_checked_beside_the_event_loop(folder, monkeypatch, ok, sentence):
    loop, asked_in = threading.current_thread(), []

    def check(self, site):
        asked_in.append(threading.current_thread())
        return AccountCheck(ok, sentence)

    fake_cases.code(folder, monkeypatch, app=PLAIN)
    monkeypatch.setattr(ScreenService, "check_ddns_account", check)
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.keys("down", "enter")
        await seen.until(lambda: seen.page.has("site.domains") and seen.page.field("site.domains").has_focus_within)
        await seen.type("photos-home.duckdns.org")
        await seen.keys("enter")
        await seen.until(lambda: seen.page.has("ddns.password") and seen.page.field("ddns.password").has_focus_within)
        assert asked_in == [], "there is nothing to check yet"
        await seen.type("0123-token")
        await seen.keys("enter")
        await seen.see(sentence.partition(":")[0])
        assert "0123-token" not in seen.text()
        assert loop not in asked_in
        await seen.ready("continue")  # whatever the provider says: it is asked again by the installation


async def test_required_variable_is_asked_before_anything_runs(folder, monkeypatch):
    fake_cases.new_machine(folder, monkeypatch)
    async with visited(folder) as seen:
        await type_repository(seen)
        await seen.keys("enter")
        await seen.see("! Needs a setting")
        await seen.ready("continue")
        await seen.keys("enter")
        await seen.see("WEATHER_API_KEY")
        await seen.see("app.py, line 5")
        await seen.until(lambda: seen.app.screen.focused)
        await seen.type("abc")
        assert "abc" not in seen.text()
        await seen.keys("ctrl+t")
        await seen.see("abc")
        await seen.keys("enter")
        await seen.answers("app.env", {"WEATHER_API_KEY": {"asked": True}})


async def test_review_lists_missing_answers_and_opens_their_fields(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    app = PiwizardApp(ScreenService())
    async with app.run_test(size=(80, 24)) as pilot:
        seen = Person(pilot, folder)
        await seen.until(lambda: app.screen.focused)
        await app.navigator.open_setup("weather")
        await seen.see("Found in your code")
        await seen.keys("ctrl+r")
        await seen.see("1 answer is missing")
        assert "Install ]" not in seen.text()
        await seen.keys("enter")
        await seen.see("Settings your app reads")
        await seen.until(lambda: seen.app.screen.focused)
        await seen.type("abc")
        await seen.keys("escape")
        await seen.see("Ready to install")


async def test_esc_goes_back_one_page_and_loses_nothing(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.keys("escape")
        await seen.see("Found in your code")
        assert REPOSITORY in seen.text()
        await seen.keys("escape")
        await seen.see("Put your Flask app online")


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [("my first site", "Git repository must"), ("ftp://host/app", "must not begin with ftp://")],
)
async def test_repository_is_refused_at_its_field(folder, monkeypatch, typed, refusal):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await type_repository(seen, typed)
        await seen.keys("enter")
        await seen.see(refusal)
        assert AnswerStore().sites() == []


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("my_site", "Name must look like myapp.ddns.net"),
        ("my first site", "Enter a domain name with a dot and without spaces"),
        ("photos", "Enter a domain name with a dot and without spaces"),
        ("raspberrypi.local", "works only at home"),
    ],
)
async def test_name_is_refused_at_its_field(folder, monkeypatch, typed, refusal):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await to_the_name(seen)
        await seen.type(typed)
        await seen.keys("enter")
        await seen.see(refusal)


async def test_another_setup_can_begin_over_the_pages_of_the_first(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.app.navigator.open_setup()
        await seen.see("Where is your code?")
        await seen.app.navigator.open_setup("photos", key="site.domains")
        await seen.see("Who should be able to open photos?")


async def test_overview_from_the_palette_saves_what_is_being_typed(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await type_repository(seen)
        await seen.app.navigator.open_home()
        assert AnswerStore().get("photos", "app.repo") == REPOSITORY


async def open_paste_editor(seen: Seen) -> tuple[Any, PasteEditor]:
    """Open the settings of the site that needs one, and the field for a pasted .env file."""
    await seen.app.navigator.open_setup("weather", FormPage.SETTINGS)
    page = seen.app.screen
    await seen.until(lambda: len(page.query("#variables > Fold")) == 2)
    paste = next(one for one in page.query(Fold) if one.name == "paste")
    await paste.open()
    return page, paste.query_one(PasteEditor)


async def test_one_pasted_variable_is_saved_at_once(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_settings("weather")
        await seen.until(lambda: seen.app.screen.content)
        page = seen.app.screen
        await seen.until(lambda: page.variables.display)
        await page.variables.open()
        paste = next(one for one in page.query(Fold) if one.name == "paste")
        await paste.open()
        editor = paste.query_one(PasteEditor)
        assert editor.password
        editor.focus()
        editor.post_message(Paste("API_KEY=s3cr3t"))
        await seen.until(lambda: AnswerStore().get("weather", "app.env") == {"API_KEY": {"asked": True}})
        assert editor.value == ""


async def test_typed_line_of_an_env_file_is_saved_by_continue(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    async with opened(folder, steps=False) as seen:
        page, editor = await open_paste_editor(seen)
        editor.focus()
        await seen.pilot.pause()
        await seen.type("not a setting")
        page.action_continue()
        await seen.see("Line 1 is not NAME=value. Nothing was saved.")
        await seen.until(lambda: not page._continuing)
        assert seen.app.screen is page
        assert "not a setting" not in seen.text()
        editor.value = "WEATHER_API_KEY=s3cr3t"
        page.action_continue()
        await seen.see("Who should be able to open weather?")
        assert AnswerStore().get("weather", "app.env") == {"WEATHER_API_KEY": {"asked": True}}
        assert editor.value == ""


async def test_lost_connection_saves_no_partial_line_of_an_env_file(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    async with opened(folder, steps=False) as seen:
        page, editor = await open_paste_editor(seen)
        editor.value = "WEATHER_API_KEY=s3c"
        await page.flush_answers(cut_off=True)
        assert AnswerStore().get("weather", "app.env") is None


async def test_second_enter_begins_no_second_setup(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        for _ in range(2):
            await seen.app.navigator.open_setup()
        assert [isinstance(one, SetupPage) for one in seen.app.screen_stack].count(True) == 1


async def test_review_is_planned_once_when_it_is_shown_again(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_setup("weather", FormPage.REVIEW)
        await seen.see("1 answer is missing")
        await seen.until(lambda: "Esc back" in seen.lines()[-1], "the line of keys")
        assert "Ctrl+R" not in seen.lines()[-1], "the review is open already"
        page, planned = seen.app.screen, []
        monkeypatch.setattr(page, "load", lambda: planned.append("again"))
        await seen.keys("question_mark")
        await seen.see("Keys here")
        await seen.keys("escape")
        await seen.until(lambda: planned)
        assert planned == ["again"]
        page._starting = True
        await seen.keys("question_mark")
        await seen.see("Keys here")
        await seen.keys("escape")
        await seen.gone("Keys here")
        assert planned == ["again"], "nothing is planned while the run starts"


PYWIN32 = ConsentMissing(
    "requirements.txt has a line that pip cannot install on this Pi.",
    key="app.skip_requirements",
    hint="Change the file.",
    site="weather",
    given=(),
    consents=(Consent("Skip pywin32==306 (requirements.txt, line 2)?", "pywin32"),),
)


async def test_review_asks_before_it_skips_lines_of_the_list(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    preview_each = review.preview_each

    def planned(planner, *rest):
        for instance, found in preview_each(planner, *rest):
            asked = instance.step.name == "app" and not planner.answers.of("weather").get("app.skip_requirements")
            yield instance, PYWIN32 if asked else found

    monkeypatch.setattr(review, "preview_each", planned)
    fake_cases.write_answers(folder, fake_cases.SITE.format(name="weather", domain="raspberrypi.local", more=""))
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_setup("weather", FormPage.REVIEW)
        await seen.see("1 answer is missing")
        await seen.press("agree")
        await seen.see("Skip pywin32==306 (requirements.txt, line 2)?")
        await seen.press("no")
        await seen.see("1 answer is missing")
        assert AnswerStore().get("weather", "app.skip_requirements") is None
        await seen.press("agree")
        await seen.see("Skip pywin32==306 (requirements.txt, line 2)?")
        await seen.press("yes")
        await seen.until(lambda: AnswerStore().get("weather", "app.skip_requirements") == ["pywin32"], "the answer")
        await seen.gone("1 answer is missing")


async def test_search_for_public_ip_and_router_delays_no_typing(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    found = threading.Event()
    monkeypatch.setattr(
        ScreenService, "internet_line", lambda self: found.wait(60) and InternetLine("11.22.33.44", upnp=False)
    )
    async with visited(folder) as seen:
        await to_the_address(seen)
        await seen.keys("down", "enter")
        await seen.until(lambda: "Internet line   checking…" in str(seen.app.screen.way_in.content))
        field = seen.app.screen.essentials.field("site.domains")
        await seen.until(lambda: field.has_focus_within)
        await seen.type("photos.example.org")
        assert field.query_one("LineEditor").value == "photos.example.org"
        found.set()
        await seen.until(lambda: "11.22.33.44 is your public IP" in str(seen.app.screen.way_in.content))
        assert "piwizard shows how" in str(seen.app.screen.way_in.content)


@pytest.mark.parametrize(
    ("line", "by_hand", "shown"),
    [
        (None, False, "checking…"),
        (InternetLine("11.22.33.44", upnp=True), False, "opens ports 80 and 443 on request (UPnP)"),
        (InternetLine(None, upnp=False), True, "you open ports 80 and 443; piwizard shows how"),
    ],
)
async def test_router_row_says_who_opens_the_ports(line, by_hand, shown):
    assert line_rows(line, by_hand=by_hand)[1][3] == shown


async def test_empty_repository_and_audience_are_asked_for(folder, monkeypatch):
    fake_cases.code(folder, monkeypatch, app=PLAIN)
    async with visited(folder) as seen:
        await seen.keys("enter")
        await seen.until(lambda: seen.app.screen.focused)
        await seen.press("continue")
        await seen.see("Enter the address of the repository.")
        await seen.type(REPOSITORY)
        await seen.keys("enter")
        await seen.see("Found in your code")
        await seen.ready("continue")
        await seen.keys("enter")
        await seen.see("Who should be able")
        await seen.press("continue")
        await seen.see("Choose who should be able to open your app.")


async def test_pasted_env_file_is_parsed():
    text = "# comment\n\nexport API_URL=https://api.example\nNAME='my app'\nEMPTY=\n"
    assert parse_env(text) == {"API_URL": "https://api.example", "NAME": "my app", "EMPTY": ""}
    with pytest.raises(Invalid, match="line 2"):
        parse_env("A=1\nnot a setting\n")
