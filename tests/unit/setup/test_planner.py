"""Which steps there are, what they stand on, and what is missing for them."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Wizard
from piwizard.steps.registry import STEPS, Place, all_questions, step_named

ONE = '[site]\nname = "blog"\ndomains = ["a.example"]\n[app]\nrepo = "/srv/git/a"\n'
TWO = ONE + '[sites.shop.site]\ndomains = ["b.example"]\n[sites.shop.app]\nrepo = "/srv/git/b"\n'


@pytest.fixture
def wizard(own_places):
    return lambda text="": Wizard(file_reader.parse(text, all_questions()), workspace.vault())


def labels(places):
    return [place.label for place in places]


def places(*named):
    """Places written as "nginx" or "app of blog"."""
    return [Place(step_named(step), site or None) for step, _, site in (name.partition(" of ") for name in named)]


def test_every_question_has_a_key_of_its_own():
    keys = [question.key for question in all_questions()]
    assert len(keys) == len(set(keys))


def test_needs_are_steps_that_come_before():
    names = [step.name for step in STEPS]
    for step in STEPS:
        for needed in step.needs:
            assert names.index(needed) < names.index(step.name)


def test_the_order(wizard):
    assert labels(wizard(ONE).places()) == ["system", "nginx", "app of blog", "gunicorn of blog", "site of blog"]
    two = labels(wizard(TWO).places())
    assert two[2:] == [f"{step} of {site}" for site in ("blog", "shop") for step in ("app", "gunicorn", "site")]
    assert labels(wizard(TWO).places(["site", "nginx"], "shop")) == ["nginx", "site of shop"]


def test_certificates_come_after_the_way_in(wizard):
    everything = labels(wizard(TWO).everything())
    assert everything.index("site of shop") < everything.index("router") < everything.index("certbot of blog")
    assert everything[-4:] == [f"{step} of {site}" for site in ("blog", "shop") for step in ("certbot", "renewal")]


def test_before_there_is_a_site(wizard):
    empty = wizard()
    assert labels(empty.everything()) == [step.name for step in STEPS]
    assert labels(empty.places()) == ["system", "nginx"]
    with pytest.raises(PiwizardError, match="app belongs to a site"):
        empty.places(["app"])


@pytest.mark.parametrize(
    ("names", "site", "words"), [(["nonsense"], None, "no step nonsense"), ([], "gone", "no site gone")]
)
def test_what_there_is_not(wizard, names, site, words):
    with pytest.raises(PiwizardError, match=words):
        wizard(ONE).places(names, site)


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
def test_a_step_brings_what_it_needs(wizard, wanted, done, all_of_it):
    assert labels(wizard(TWO).with_needs(places(*wanted), places(*done))) == all_of_it


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
def test_answers_that_are_missing(wizard, text, place, missing):
    (wanted,) = places(place)
    found = wizard(text)
    assert found.missing(wanted) == missing
    if missing:
        with pytest.raises(PiwizardError, match=missing[0]) as refused:
            found.plan(wanted)
        assert refused.value.key == missing[0]


def test_a_missing_answer_names_its_site(wizard):
    with pytest.raises(PiwizardError, match="for the site shop"):
        wizard(ONE + '[sites.shop.app]\nrepo = "/x"\n').require_answers(places("site of shop"))


def test_what_was_detected_is_kept_until_it_is_looked_at_again(wizard):
    found = wizard(ONE)
    first = found.facts
    assert found.facts is first
    found.look_again()
    assert found.facts is not first


def test_steps_that_cannot_be_left_out(wizard):
    with pytest.raises(PiwizardError, match="nginx"):
        wizard('[skip]\nsteps = ["nginx"]\n')


def test_what_an_answer_declines_is_declined_for_what_stands_on_it_too(own_places):
    text = '[site]\nname = "a"\n[tls]\nhttps = {}\n[dhparam]\nway = "{}"\n'
    for https, way, names in (("false", "none", {"certbot", "renewal", "dhparam"}), ("true", "ffdhe2048", set())):
        wizard = Wizard(file_reader.parse(text.format(https, way), all_questions()), workspace.vault())
        assert {place.step.name for place in wizard.everything() if wizard.declined(place)} == names
