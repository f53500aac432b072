"""Test the sentences about steps that a run does not include."""

from __future__ import annotations

from piwizard.setup import workspace
from piwizard.setup.left_out import left_out
from piwizard.setup.review import review_site

SITE = '[sites.{name}.site]\ndomains = ["{name}.example.org"]\n'
APP = '[sites.{name}.app]\nrepo = "https://github.com/me/{name}"\nenv = {{ WEATHER_API_KEY = "abc" }}\n'


def sentences(planner):
    return left_out(planner, planner.wanted())


def test_step_that_cannot_run_names_the_answer_that_it_lacks(planner_of):
    found = sentences(planner_of(SITE.format(name="blog")))
    assert found[0] == "App is not included: “Git repository” has no answer yet."
    assert [one.partition(" is not")[0] for one in found[:-1]] == ["App", "Gunicorn", "Site"]


def test_sites_are_named_if_there_are_several(planner_of):
    text = SITE.format(name="blog") + (SITE + APP).format(name="shop")
    found = sentences(planner_of(text))
    assert found[0].startswith("App (blog) is not included: ")
    assert not any(one.startswith("App (shop)") for one in found)


def test_optional_steps_that_nobody_began_share_one_sentence(planner_of):
    text = (SITE + APP).format(name="blog") + '[ddns]\nhostname = "blog.example.org"\n[skip]\nsteps = ["router"]\n'
    begun, others = sentences(planner_of(text))
    assert begun == "Dynamic DNS is not included: “Provider” has no answer yet."
    assert others.startswith("Optional steps without answers are not included: ")
    assert "Certificate" in others
    assert "Router" not in others, "it is skipped"


def test_review_names_only_optional_steps_that_somebody_began(planner_of):
    site = (SITE + APP).format(name="blog")
    assert review_site(planner_of(site), "blog", workspace.state()).proposal.left_out == ()
    begun = review_site(planner_of(f'{site}[sites.blog.tls]\nemail = "a@example.org"\n'), "blog", workspace.state())
    assert [one.partition(" is not")[0] for one in begun.proposal.left_out] == ["Certificate"]
