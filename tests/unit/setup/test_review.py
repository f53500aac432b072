"""Test what a review says of an installation, in plain words and by place."""

from __future__ import annotations

from piwizard.setup import workspace
from piwizard.setup.review import ReviewPlace, review_site

SITE = '[site]\nname = "weather"\ndomains = ["{name}"]\n[app]\nrepo = "https://github.com/me/weather"\n{app}\n'
GIVEN = 'env = { WEATHER_API_KEY = "abc" }\n'


def review(planner_of, name, more="", app=GIVEN):
    return review_site(planner_of(SITE.format(name=name, app=app) + more), "weather", workspace.state())


def test_home_site_changes_this_machine_only(planner_of):
    found = review(planner_of, "raspberrypi.local", '[router]\nforward = "upnp"\n')
    assert [group.place for group in found.groups] == [ReviewPlace.THIS_PI]
    assert found.result_urls[0] == "http://raspberrypi.local"
    assert found.app == "github.com/me/weather, commit c0ffee1"
    assert "user weather" in found.runs_as
    assert "workers ×" in found.runs_as
    assert "users" in found.groups[0].summary
    assert "services" in found.groups[0].summary
    assert found.missing == ()
    assert found.seconds > 10
    assert {one.step.name for one, _ in found.proposal.plans} == {"system", "nginx", "app", "gunicorn", "site"}


def test_missing_answers_are_named_before_anything_runs(planner_of):
    found = review(planner_of, "raspberrypi.local", app="")
    assert [one.key for one in found.missing] == ["app.env.WEATHER_API_KEY"]


def test_step_that_cannot_be_planned_leaves_the_others_in_the_review(planner_of):
    found = review(planner_of, "raspberrypi.local", app=GIVEN + 'requirements = "gone.txt"\n')
    assert "app.requirements" in [one.key for one in found.missing]
    assert {one.step.name for one, _ in found.proposal.plans} == {"system", "nginx"}


def test_certificate_and_advanced_steps_are_in_their_places(planner_of):
    found = review(planner_of, "weather.example.org", '[tls]\nhttps = true\n[dhparam]\nway = "none"\n')
    assert found.groups[-1].place is ReviewPlace.LETS_ENCRYPT
    assert found.result_urls[0] == "https://weather.example.org"
    assert "dhparam" not in {one.step.name for one, _ in found.proposal.plans}
    assert found.later


def test_local_ip_is_a_result_of_the_site_that_nginx_shows_there(planner_of):
    found = review(planner_of, "raspberrypi.local")
    assert found.result_urls == ("http://raspberrypi.local", "http://192.168.1.197")
    workspace.state().mark("site", "alarm", "done", "20250101T000000-0000")
    more = '[sites.alarm.site]\ndomains = ["alarm.local"]\n'
    text = '[sites.weather.site]\ndomains = ["weather.local"]\n[sites.weather.app]\nrepo = "https://github.com/me/w"\n'
    found = review_site(planner_of(text + more), "weather", workspace.state())
    assert found.result_urls == ("http://weather.local",)
