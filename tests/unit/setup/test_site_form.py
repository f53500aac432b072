"""Test what the pages ask of a site, what was found in its code, and what is missing."""

from __future__ import annotations

import pytest

from piwizard.apps import app_source
from piwizard.errors import RepositoryLoginRequired
from piwizard.setup.form_page import FormPage, page_of
from piwizard.setup.free_site_name import name_for
from piwizard.setup.site_form import SiteForm
from piwizard.steps import registry
from piwizard.steps.step import Stage

REPO = '[site]\nname = "weather"\n{site}\n[app]\nrepo = "https://github.com/me/weather"\n{app}\n'


def answers(site="", app="", more=""):
    return REPO.format(site=site, app=app) + more


def keys(form):
    return [one.key for one in form.missing()]


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("https://github.com/me/photos.git", "photos"),
        ("git@github.com:me/My_App.git", "my-app"),
        ("/srv/git/2048", "app-2048"),
        ("https://github.com/me/piwizard", "piwizard-2"),
        ("https://github.com/me/taken/", "taken-2"),
    ],
)
def test_site_is_named_after_its_repository(repository, name):
    assert name_for(repository, {"taken"}) == name


def test_every_step_has_a_stage_and_advanced_ones_are_last_in_no_flow():
    stages = {step.name: step.stage for step in registry.STEPS}
    advanced = {name for name, stage in stages.items() if stage is Stage.ADVANCED}
    assert advanced == {"static-ip", "dhparam", "updates", "alerts", "backup"}


def test_every_question_of_a_site_is_on_one_page(planner_of):
    form = SiteForm(planner_of(answers('domains = ["weather.example.org"]')), "weather")
    pages = [page for page in FormPage if page is not FormPage.ALL]
    shown = [one.key for page in pages for group in form.questions(page) for one in group.questions]
    own = [
        one.key for one in registry.all_questions() if one.key.partition(".")[0] in ("site", "app", "gunicorn", "tls")
    ]
    assert sorted(set(own) - set(shown)) == []
    assert len(shown) == len(set(shown))


def test_settings_of_a_site_are_on_one_page(planner_of):
    form = SiteForm(planner_of(answers('domains = ["weather.example.org"]')), "weather")
    pages = [page for page in FormPage if page is not FormPage.ALL]
    shown = {one.key for page in pages for group in form.questions(page) for one in group.questions}
    whole = [one.key for group in form.questions(FormPage.ALL) for one in group.questions]
    assert set(whole) == shown - {"site.name"}
    assert len(whole) == len(set(whole))
    assert [group.title for group in form.questions(FormPage.ALL) if group.open] == ["App", "Name"]


def test_only_essential_groups_are_open(planner_of):
    form = SiteForm(planner_of(answers()), "weather")
    first, *others = form.questions(FormPage.APP)
    assert [one.key for one in first.questions] == ["app.repo"]
    assert first.open
    assert not any(group.open for group in others)


@pytest.mark.parametrize(
    ("answer", "summary"),
    [("", "automatic, or by hand"), ('forward = "upnp"', "automatic (UPnP)"), ('forward = "by-hand"', "by hand")],
)
def test_fold_of_the_router_says_in_words_what_was_chosen(planner_of, answer, summary):
    public = 'domains = ["weather.example.org"]'
    form = SiteForm(planner_of(answers(site=public, more=f"[router]\n{answer}\n")), "weather")
    groups = {group.title: group.summary for group in form.questions(FormPage.ADDRESS)}
    assert groups["Router"] == summary


def test_form_without_a_site_asks_for_the_repository(planner_of):
    form = SiteForm(planner_of(""), None)
    assert [one.key for one in form.questions(FormPage.APP)[0].questions] == ["app.repo"]
    assert form.findings() == ()
    assert keys(form)[:1] == ["app.repo"]


def test_findings_name_file_and_line(planner_of):
    found = {one.label: one for one in SiteForm(planner_of(answers()), "weather").findings()}
    assert found["Starts with"].value == "app:app"
    assert "app.py" in found["Starts with"].note
    assert "pillow" in found["Needs packages"].value
    assert found["Needs a setting"].value == "WEATHER_API_KEY"
    assert found["Needs a setting"].status == "needed"
    assert "app.py, line 5" in found["Needs a setting"].note


def test_variable_that_the_code_requires_is_missing_until_it_is_answered(planner_of):
    form = SiteForm(planner_of(answers('domains = ["weather.local"]')), "weather")
    (missing,) = form.missing()
    assert (missing.key, missing.page, missing.site) == ("app.env.WEATHER_API_KEY", FormPage.SETTINGS, "weather")
    given = answers('domains = ["weather.local"]', 'env = { WEATHER_API_KEY = "abc" }')
    assert SiteForm(planner_of(given), "weather").missing() == ()


def test_control_characters_of_a_repository_are_not_shown(planner_of, tree):
    (tree / "requirements.txt").write_text("Flask\n")
    (tree / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\nopen('a\\x1b[2J.txt', 'w')\n")
    for one in SiteForm(planner_of(answers()), "weather").findings():
        assert (one.value + one.note).isprintable()


def test_name_of_duckdns_needs_its_token_and_nothing_else(planner_of):
    form = SiteForm(planner_of(answers('domains = ["me.duckdns.org"]', 'env = { WEATHER_API_KEY = "abc" }')), "weather")
    assert keys(form) == ["ddns.password"]
    (group,) = [one for one in form.questions(FormPage.ADDRESS) if one.open and one.title == "DuckDNS"]
    assert [(one.key, one.prompt) for one in group.questions] == [("ddns.password", "DuckDNS token")]
    (options,) = [one for one in form.questions(FormPage.ADDRESS) if one.title == "Dynamic DNS options"]
    assert [one.key for one in options.questions] == ["ddns.hostname", "ddns.interval", "ddns.ipv6"]
    assert options.summary == "name, interval, IPv6"


def test_page_asks_what_the_name_needs_if_another_provider_is_answered(planner_of):
    more = '[ddns]\nprovider = "duckdns"\nhostname = "other.duckdns.org"\n'
    form = SiteForm(
        planner_of(answers('domains = ["me.ddns.net"]', 'env = { WEATHER_API_KEY = "abc" }') + more), "weather"
    )
    (group,) = [one for one in form.questions(FormPage.ADDRESS) if one.open and one.title == "No-IP"]
    assert [one.key for one in group.questions] == ["ddns.username", "ddns.password"]


def test_private_repository_needs_the_page_for_keys(planner_of, monkeypatch):
    def refuse(*_, **__):
        raise RepositoryLoginRequired("app.repo", "it needs a login.")

    planner = planner_of(answers('domains = ["weather.local"]'))
    monkeypatch.setattr(app_source, "find_source", refuse)
    form = SiteForm(planner, "weather")
    assert [(one.key, one.page) for one in form.missing()] == [("app.repo", FormPage.KEY)]


def test_refusal_of_a_plan_is_missing_before_anything_runs(planner_of):
    text = answers('domains = ["weather.local"]', 'requirements = "gone.txt"\nenv = { WEATHER_API_KEY = "abc" }')
    missing = SiteForm(planner_of(text), "weather").missing()
    assert [(one.key, one.page) for one in missing] == [("app.requirements", FormPage.APP)]
    assert "gone" in missing[0].reason


@pytest.mark.parametrize(
    ("key", "page"),
    [
        ("app.repo", FormPage.APP),
        ("site.name", FormPage.APP),
        ("gunicorn.workers", FormPage.APP),
        ("app.env.KEY", FormPage.SETTINGS),
        ("app.token", FormPage.KEY),
        ("site.domains", FormPage.ADDRESS),
        ("ddns.password", FormPage.ADDRESS),
        ("tls.https", FormPage.ADDRESS),
    ],
)
def test_page_of_a_key(key, page):
    assert page_of(key) is page
