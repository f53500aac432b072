"""Test that the fake Pi has what the pages show in each state of the wireframes."""

from __future__ import annotations

from piwizard.screens.screen_service import ScreenService
from piwizard.setup import workspace
from piwizard.setup.form_page import FormPage
from piwizard.setup.reach import Audience
from piwizard.steps.step import Stage
from tests.unit.screens import fake_cases
from tests.unit.screens.test_home_pages import SITES


def test_new_machine_has_no_site_and_asks_for_a_repository(folder, monkeypatch):
    fake_cases.new_machine(folder, monkeypatch)
    service = ScreenService()
    assert service.saved_overview().sites == ()
    assert service.site_form(None).missing()[0].key == "app.repo"


def test_new_site_is_named_after_its_repository(folder, monkeypatch):
    service = ScreenService()
    assert service.begin_site("https://github.com/user/photos.git") == "photos"
    assert service.begin_site("https://github.com/other/photos") == "photos-2"
    assert service.answering.sites() == ["photos", "photos-2"]


def test_app_that_needs_a_setting_shows_it_before_anything_runs(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    service = ScreenService()
    assert [(one.key, one.page) for one in service.missing("weather")] == [
        ("app.env.WEATHER_API_KEY", FormPage.SETTINGS)
    ]
    assert service.review("weather").missing
    service.answering.set_secret("weather", "app.env.WEATHER_API_KEY", "abc123def456")
    review = service.review("weather")
    assert review.missing == ()
    assert review.result_urls[0] == "http://raspberrypi.local"
    assert [group.place.value for group in review.groups] == ["On this Pi"]
    assert review.proposal.plans


def test_audience_is_chosen_in_one_call(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    service = ScreenService()
    service.choose_audience("weather", Audience.HOME)
    answers = service.site_form("weather").answers
    assert answers["tls.https"] is False
    assert answers["site.domains"][0].endswith(".local")


def test_failed_app_shows_the_line_of_its_code(folder, monkeypatch):
    fake_cases.failed_app(folder, monkeypatch)
    found = ScreenService().failure("photos")
    assert found.heading == "Your app stopped while starting"
    assert found.error.startswith("FileNotFoundError")
    assert found.location == "settings.py, line 5, called from app.py, line 6"
    assert [(one.number, one.marked) for one in found.excerpt] == [(4, False), (5, True), (6, False)]
    assert found.done_stages == (Stage.WEB_SERVER,)
    assert found.waiting_stages[0] is Stage.APP
    assert found.why
    assert found.fix


def test_failed_app_at_home_waits_for_no_https(folder, monkeypatch):
    fake_cases.failed_app(folder, monkeypatch)
    service = ScreenService()
    service.choose_audience("photos", Audience.HOME)
    assert Stage.HTTPS not in service.failure("photos").waiting_stages


def test_failed_certificate_shows_its_own_reason_and_no_command(folder, monkeypatch):
    fake_cases.failed_certificate(folder, monkeypatch)
    found = ScreenService().failure("photos")
    assert found.heading == "Certificate could not be set up"
    assert found.error == "photos-home.duckdns.org points to 5.6.7.8, but your public IP is 11.22.33.44."
    assert found.why == ""
    assert found.advice == "Wait until the name is updated. Then try again."
    assert found.key == "site.domains"
    assert "`" not in found.advice


def test_overview_shows_two_healthy_sites_and_one_that_waits(folder, monkeypatch):
    fake_cases.three_sites(folder, monkeypatch)
    found = ScreenService().saved_overview()
    assert [(one.name, one.state) for one in found.sites] == [
        ("photos", "online"), ("hello", "online"), ("weather", "waiting"),
    ]  # fmt: skip
    photos = found.site("photos")
    assert photos.addresses == ("https://photos-home.duckdns.org",)
    assert (photos.certificate_days, photos.page_ms, sum(photos.requests_per_hour)) == (89, 38, 1044)
    assert found.site("hello").home_addresses == ("http://raspberrypi.local", "http://192.168.1.197")
    for shown in SITES:
        real = found.site(shown.name)
        assert real.addresses == shown.addresses
        assert shown.state == "waiting" or real.home_addresses == shown.home_addresses
    (attention,) = found.attention
    assert (attention.action, attention.site, attention.key) == ("answer", "weather", "app.env.WEATHER_API_KEY")


def test_answered_setting_needs_attention_no_longer(folder, monkeypatch):
    fake_cases.three_sites(folder, monkeypatch)
    service = ScreenService()
    service.answering.set_secret("weather", "app.env.WEATHER_API_KEY", "abc123def456")
    assert service.saved_overview().site("weather").missing == ()


def test_no_failure_without_a_failed_run(folder, monkeypatch):
    fake_cases.three_sites(folder, monkeypatch)
    assert ScreenService().failure("photos") is None


def test_failure_shows_neither_secrets_nor_control_characters(folder, monkeypatch):
    fake_cases.failed_app(folder, monkeypatch)
    service = ScreenService()
    service.answering.set_secret("photos", "app.env.PASSWORD", "abc123def456ghi")
    settings = fake_cases.SETTINGS.replace('"/home/user/"', '"abc123def456ghi\x1b[2J"')
    (folder / "tree" / "settings.py").write_text(settings)
    found = service.failure("photos")
    shown = [found.error, found.location, found.why, found.fix, *(one.text for one in found.excerpt)]
    assert len(found.excerpt) == 3
    assert not any("abc123" in text for text in shown)
    assert all(text.isprintable() for text in shown)


def test_failure_for_want_of_a_variable_names_its_key(folder, monkeypatch):
    fake_cases.needs_setting(folder, monkeypatch)
    key = "app.env.WEATHER_API_KEY"
    fake_cases.write_run(
        {"event": "run-started", "step": "app", "site": "weather", "plan": []},
        {"event": "error", "message": f"{key}: the code needs it.", "key": key, "hint": None},
        {"event": "run-finished", "step": "app", "site": "weather", "result": "failed", "seconds": 1.0, "summary": ""},
    )
    workspace.state().mark("app", "weather", "failed", fake_cases.RUN)
    found = ScreenService().failure("weather")
    assert found.missing_key == key
    assert found.excerpt == ()


def test_code_outside_the_repository_is_never_shown(folder, monkeypatch):
    fake_cases.failed_app(folder, monkeypatch)
    (folder / "secret.txt").write_text("line\n" * 9)
    (folder / "tree" / "settings.py").unlink()
    (folder / "tree" / "settings.py").symlink_to(folder / "secret.txt")
    assert ScreenService().failure("photos").excerpt == ()
