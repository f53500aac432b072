"""Test which steps exist, what they depend on, and what they still need."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.steps.registry import STEPS, StepInstance, all_questions, step_named

ONE = '[site]\nname = "blog"\ndomains = ["a.example"]\n[app]\nrepo = "/srv/git/a"\n'
TWO = ONE + '[sites.shop.site]\ndomains = ["b.example"]\n[sites.shop.app]\nrepo = "/srv/git/b"\n'


@pytest.fixture
def planner(own_places):
    return lambda text="": Planner(file_reader.parse(text, all_questions()), workspace.secret_store())


def labels(places):
    return [place.label for place in places]


def places(*named):
    """Return places written as "nginx" or "app of blog"."""
    return [
        StepInstance(step_named(step), site or None) for step, _, site in (name.partition(" of ") for name in named)
    ]


def test_instances_run_in_order_site_by_site(planner):
    assert labels(planner(ONE).select()) == ["system", "nginx", "app of blog", "gunicorn of blog", "site of blog"]
    two = labels(planner(TWO).select())
    assert two[2:] == [f"{step} of {site}" for site in ("blog", "shop") for step in ("app", "gunicorn", "site")]
    assert labels(planner(TWO).select(["site", "nginx"], "shop")) == ["nginx", "site of shop"]


def test_certificates_come_after_the_router(planner):
    everything = labels(planner(TWO).all_instances())
    assert everything.index("site of shop") < everything.index("router") < everything.index("certbot of blog")
    last = ("certbot", "renewal", "deploys")
    assert everything[-8:-2] == [f"{step} of {site}" for site in ("blog", "shop") for step in last]


def test_steps_are_listed_without_any_site(planner):
    empty = planner()
    assert labels(empty.all_instances()) == [step.name for step in STEPS]
    assert labels(empty.select()) == ["system", "nginx"]
    with pytest.raises(PiwizardError, match="app belongs to a site"):
        empty.select(["app"])


@pytest.mark.parametrize(
    ("names", "site", "words"), [(["nonsense"], None, "no step nonsense"), ([], "gone", "no site gone")]
)
def test_unknown_step_or_site_is_refused(planner, names, site, words):
    with pytest.raises(PiwizardError, match=words):
        planner(ONE).select(names, site)


@pytest.mark.parametrize(
    ("wanted", "done", "all_of_it"),
    [
        (["site of blog"], [], ["system", "nginx", "app of blog", "gunicorn of blog", "site of blog"]),
        (["site of blog"], ["system", "nginx", "app of blog", "gunicorn of blog"], ["site of blog"]),
        (["site of blog"], ["gunicorn of blog"], ["system", "nginx", "site of blog"]),
        (
            ["site of blog"],
            ["gunicorn of shop", "nginx"],
            ["system", "app of blog", "gunicorn of blog", "site of blog"],
        ),
        (["nginx"], [], ["system", "nginx"]),
        (["system", "gunicorn of shop"], ["app of shop"], ["system", "gunicorn of shop"]),
    ],
)
def test_step_includes_the_steps_it_needs(planner, wanted, done, all_of_it):
    assert labels(planner(TWO).with_needs(places(*wanted), places(*done))) == all_of_it


@pytest.mark.parametrize(
    ("text", "place", "missing"),
    [
        ("", "system", ()),
        ("", "nginx", ()),
        ('[site]\nname = "blog"\n', "app of blog", ("app.repo",)),
        ('[site]\nname = "blog"\n', "gunicorn of blog", ("app.repo",)),
        ('[site]\nname = "blog"\n[app]\nrepo = "/x"\n', "site of blog", ("site.domains",)),
        (ONE, "site of blog", ()),
    ],
)
def test_missing_answers_are_listed_and_block_the_plan(planner, text, place, missing):
    (wanted,) = places(place)
    found = planner(text)
    assert found.missing(wanted) == missing
    if missing:
        with pytest.raises(PiwizardError, match=missing[0]) as refused:
            found.plan(wanted)
        assert refused.value.key == missing[0]


def test_missing_answer_names_its_site(planner):
    with pytest.raises(PiwizardError, match="for the site shop"):
        planner(ONE + '[sites.shop.app]\nrepo = "/x"\n').require_answers(places("site of shop"))


def test_detected_facts_are_cached_until_invalidate(planner):
    context = planner(ONE).context
    first = context.facts
    assert context.facts is first
    context.invalidate()
    assert context.facts is not first


def test_required_step_cannot_be_skipped(planner):
    with pytest.raises(PiwizardError, match="nginx"):
        planner('[skip]\nsteps = ["nginx"]\n')


def test_declined_step_declines_the_steps_that_need_it(own_places):
    text = '[site]\nname = "a"\n[tls]\nhttps = {}\n[dhparam]\nway = "{}"\n'
    for https, way, names in (("false", "none", {"certbot", "renewal", "dhparam"}), ("true", "ffdhe2048", set())):
        planner = Planner(file_reader.parse(text.format(https, way), all_questions()), workspace.secret_store())
        assert {place.step.name for place in planner.all_instances() if planner.declined(place)} == names


def test_site_that_lacks_an_answer_does_not_keep_others_from_being_planned(planner):
    found = planner(ONE + '[sites.shop.app]\nrepo = "/srv/git/b"\n')
    assert found.incomplete_sites == {"shop": "site.domains"}
    assert {place.site for place in found.select_complete()} == {None, "blog"}
    assert "shop" in {place.site for place in found.select_complete(site="shop")}


def test_only_site_that_lacks_an_answer_is_refused(planner):
    found = planner('[site]\nname = "blog"\n[app]\nrepo = "/srv/git/a"\n')
    assert found.incomplete_sites == {}
    with pytest.raises(PiwizardError, match=r"site\.domains is missing") as refused:
        found.require_answers(found.select_complete())
    shown = refused.value.for_form
    assert "site.domains" not in shown, "the screens name no key, no file and no command"
    assert "--answers" not in shown
    assert "has no answer yet" in shown
