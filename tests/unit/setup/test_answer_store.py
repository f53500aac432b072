"""Test answers that are saved one by one."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from piwizard.answers.validators import Invalid
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps import registry
from piwizard.steps.system import System
from piwizard.system import paths

HAND_WRITTEN = """\
# my Pi, kept in git

[gunicorn]
workers = 3      # measured

[site]
# the club's site
name = "club"   # short
domains = [
    "club.example.org",  # main
    "www.club.example.org",
]

[app]
repo = "https://example.org/club.git"
branch = "main"  # not next
env = { FLASK_ENV = "production" }  # for the shop

[sites.blog.site]
domains = ["blog.example.org"]

[sites.blog.app]
repo = "https://example.org/blog.git"

[sites.blog.app.env]
# the key of the map
API_KEY = { env = "API_KEY" }
MODE = "slow"
"""


@pytest.fixture
def answering(own_places: Path) -> AnswerStore:
    return AnswerStore()


@pytest.fixture
def hand_written(answering: AnswerStore) -> AnswerStore:
    answering.path.parent.mkdir(parents=True)
    answering.path.write_text(HAND_WRITTEN)
    return answering


def raw(answering: AnswerStore) -> dict:
    return tomllib.loads(answering.path.read_text())


def test_first_site_accepts_answers_before_its_name(answering):
    assert answering.sites() == []
    assert answering.get(None, "app.repo") is None
    answering.set(None, "app.repo", "https://example.org/a.git")
    answering.set(None, "gunicorn.workers", 2)
    assert answering.sites() == []
    assert answering.get(None, "app.repo") == "https://example.org/a.git"
    answering.set(None, "site.name", "myflask")
    assert answering.sites() == ["myflask"]
    assert answering.get("myflask", "app.repo") == answering.get(None, "app.repo") == "https://example.org/a.git"
    assert raw(answering) == {
        "app": {"repo": "https://example.org/a.git"},
        "gunicorn": {"workers": 2},
        "site": {"name": "myflask"},
    }


def test_file_is_private_and_starts_with_a_comment(answering):
    answering.set("myflask", "app.repo", "/srv/git/a.git")
    assert stat.S_IMODE(answering.path.stat().st_mode) == 0o600
    assert answering.path.read_text().startswith("# Your answers to piwizard.")
    assert answering.sites() == ["myflask"]


def test_further_site_gets_its_own_tables(answering):
    answering.set(None, "site.name", "club")
    answering.set("blog", "site.domains", ["blog.example.org"])
    answering.set("blog", "app.repo", "/srv/git/blog.git")
    answering.set("shop", "site.name", "shop")
    assert answering.sites() == ["club", "blog", "shop"]
    assert raw(answering)["sites"]["blog"] == {
        "site": {"domains": ["blog.example.org"]},
        "app": {"repo": "/srv/git/blog.git"},
    }
    assert "[sites.blog.app]" in answering.path.read_text()
    assert "[sites]\n" not in answering.path.read_text()


def test_hand_written_file_keeps_comments_and_order(hand_written):
    hand_written.set("club", "app.branch", "next")
    hand_written.set("club", "app.env", {"FLASK_ENV": "production", "SECRET_KEY": {"generate": 32}})
    hand_written.set("blog", "app.env", {"API_KEY": {"env": "API_KEY"}, "MODE": "fast", "KEY": {"generate": 16}})
    hand_written.set("blog", "gunicorn.threads", 8)
    expected = (
        HAND_WRITTEN.replace('branch = "main"  # not next', 'branch = "next"  # not next')
        .replace(
            'env = { FLASK_ENV = "production" }  # for the shop',
            'env = {FLASK_ENV = "production", SECRET_KEY = {generate = 32}}  # for the shop',
        )
        .replace('MODE = "slow"', 'MODE = "fast"\nKEY = {generate = 16}')
    )
    assert hand_written.path.read_text().replace("\n[sites.blog.gunicorn]\nthreads = 8\n", "") == expected


def test_same_answer_again_does_not_write_the_file(hand_written):
    before = hand_written.path.stat()
    hand_written.set("club", "app.branch", "main")
    hand_written.set("club", "app.env", {"FLASK_ENV": "production"})
    hand_written.set("club", "site.domains", ["club.example.org", "www.club.example.org"])
    assert hand_written.path.read_text() == HAND_WRITTEN
    assert hand_written.path.stat().st_mtime_ns == before.st_mtime_ns


def test_none_removes_an_answer(hand_written):
    hand_written.set("club", "app.branch", None)
    hand_written.set("blog", "app.env", None)
    hand_written.set("club", "app.entry", None)
    assert hand_written.get("club", "app.branch") is None
    assert hand_written.get("blog", "app.env") is None
    assert "branch" not in hand_written.path.read_text()
    assert "# the club's site" in hand_written.path.read_text()


@pytest.mark.parametrize(
    ("site", "key", "value", "sentence"),
    [
        (None, "site.name", "My Site", "must be 1 to 31 lowercase letters"),
        (None, "gunicorn.workers", "many", "must be a whole number from 1"),
        ("club", "site.domains", ["a b"], "must look like myapp.ddns.net"),
        ("club", "site.domains", ["blog.example.org"], "must not name blog.example.org: the site blog"),
        ("club", "site.name", "blog", "must be unique: another site"),
        ("club", "site.name", None, "cannot be removed"),
        ("blog", "site.name", "log", "as in the names of its tables"),
        ("club", "app.env", {"KEY": 5}, "must set KEY to a text"),
    ],
)
def test_invalid_answer_is_refused_and_not_written(hand_written, site, key, value, sentence):
    with pytest.raises(Invalid, match=sentence):
        hand_written.set(site, key, value)
    assert hand_written.path.read_text() == HAND_WRITTEN


def test_unknown_key_is_refused(answering):
    with pytest.raises(PiwizardError, match=r"There is no question app\.color"):
        answering.set(None, "app.color", "red")
    assert not answering.path.exists()


def test_invalid_file_is_refused_with_its_line(hand_written):
    hand_written.path.write_text(HAND_WRITTEN + "\n[app2]\n")
    with pytest.raises(PiwizardError, match=r"answers\.toml line \d+: app2 is unknown"):
        hand_written.set("club", "app.branch", "next")


def test_site_can_be_renamed_until_it_is_set_up(answering):
    answering.set(None, "site.name", "myflsk")
    answering.set_secret(None, "app.env.API_KEY", "tulips and bees")
    answering.set("myflsk", "site.name", "myflask")
    assert answering.sites() == ["myflask"]
    assert workspace.secret_store().resolve("myflask", {"app.env.API_KEY": {"asked": True}})
    State(paths.state_dir()).mark("app", "myflask", "failed", "RUN")
    with pytest.raises(Invalid, match="cannot change: the site is set up"):
        answering.set("myflask", "site.name", "other")


def test_secret_is_written_to_the_secret_store_only(answering, own_places):
    answering.set(None, "site.name", "myflask")
    answering.set(None, "app.env", {"MODE": "fast"})
    answering.set_secret("myflask", "app.env.API_KEY", "tulips and bees")
    assert answering.get(None, "app.env") == {"MODE": "fast", "API_KEY": {"asked": True}}
    assert "tulips" not in answering.path.read_text()
    vault = own_places / "lib" / "secrets.json"
    assert stat.S_IMODE(vault.stat().st_mode) == 0o600
    assert json.loads(vault.read_text()) == {"myflask": {"app.env.API_KEY": "tulips and bees"}}


@pytest.mark.parametrize("secret", ["", "two\nlines", "bell\x07", "x" * 1001])
def test_refused_secret_is_not_repeated(answering, secret):
    answering.set(None, "site.name", "myflask")
    with pytest.raises(Invalid) as refused:
        answering.set_secret(None, "app.env.API_KEY", secret)
    assert not secret or secret not in str(refused.value)


def test_secret_of_a_site_without_name_is_refused(answering):
    with pytest.raises(PiwizardError, match="needs its name"):
        answering.set_secret(None, "app.env.API_KEY", "tulips and bees")


class _Optional(System):
    optional = True


@pytest.fixture
def with_optional_steps(monkeypatch):
    more = []
    for name in ("ddns", "router"):
        step = _Optional()
        step.name = name
        more.append(step)
    monkeypatch.setattr(registry, "STEPS", (*registry.STEPS, *more))


@pytest.mark.usefixtures("with_optional_steps")
def test_optional_step_can_be_skipped_and_wanted_again(answering):
    answering.skip("router", True)
    answering.skip("ddns", True)
    answering.skip("router", True)
    assert raw(answering) == {"skip": {"steps": ["ddns", "router"]}}
    skipped = {place.step.name for place in workspace.planner(None).select()} & {"router", "ddns"}
    assert skipped == set()
    answering.skip("router", False)
    assert "router" in {place.step.name for place in workspace.planner(None).select()}
    answering.skip("ddns", False)
    assert answering.get(None, "skip.steps") is None


def test_required_step_cannot_be_skipped(answering):
    with pytest.raises(PiwizardError, match="nginx cannot be skipped"):
        answering.skip("nginx", True)
    with pytest.raises(PiwizardError, match="no step bicycle"):
        answering.skip("bicycle", True)
    with pytest.raises(Invalid, match="names 'nginx', which cannot be skipped"):
        answering.set(None, "skip.steps", ["nginx"])


def _answer(path: Path, number: int) -> None:
    AnswerStore(path).set(f"site{number}", "gunicorn.workers", 1 + number % 4)


def test_concurrent_writers_lose_no_answer(answering):
    answering.set(None, "site.name", "first")
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        for done in [pool.submit(_answer, answering.path, number) for number in range(24)]:
            done.result()
    assert set(answering.sites()) == {"first", *(f"site{number}" for number in range(24))}


def test_missing_answers_are_named_by_the_step_that_needs_them(answering):
    answering.set(None, "gunicorn.workers", 2)
    found = workspace.planner(None)
    app, site = (next(place for place in found.all_instances() if place.step.name == name) for name in ("app", "site"))
    assert found.missing(app) == ("site.name", "app.repo")
    assert found.missing(site) == ("site.name", "app.repo", "site.domains")
    answering.set(None, "site.name", "myflask")
    found = workspace.planner(None)
    app = next(place for place in found.select(["app"]))
    with pytest.raises(PiwizardError, match=r"^app\.repo is missing\.") as refused:
        found.plan(app)
    assert refused.value.key == "app.repo"


ODD = (
    """site.name = "club"\napp.env.A = "1"\napp.env.C = "3"\ntls.email = "me@b.org"\n""",
    """app = { env = { A = "1" } }\nsite = { name = "club" }\nsites = { blog = { site = { domains = ["b.de"] } } }\n""",
)


@pytest.mark.parametrize("content", ODD)
def test_unusual_toml_forms_are_edited(answering, content):
    answering.path.parent.mkdir(parents=True, exist_ok=True)
    answering.path.write_text(content)
    blog = answering.file().sites.get("blog")
    answering.set("club", "app.env", {"B": "2"})
    assert answering.get("club", "app.env") == {"B": "2"}
    if blog:
        answering.set("blog", "tls.email", "me@b.org")
        assert answering.file().sites["blog"] == {**blog, "tls.email": "me@b.org"}


def test_failed_edit_is_reported_and_changes_nothing(answering):
    answering.path.parent.mkdir(parents=True, exist_ok=True)
    content = """[sites]\nblog.app.repo = "https://b.org/b.git"\nwiki.app.repo = "https://b.org/w.git"\n"""
    answering.path.write_text(content)
    with pytest.raises(PiwizardError, match=r"site\.domains cannot be written"):
        answering.set("wiki", "site.domains", ["w.org"])
    assert answering.path.read_text() == content


def test_renamed_site_has_no_secret_under_its_old_name(answering):
    answering.set(None, "site.name", "myflsk")
    answering.set_secret("myflsk", "app.env.API_KEY", "tulips and bees")
    answering.set("myflsk", "site.name", "myflask")
    assert workspace.secret_store().knows("myflask", "app.env.API_KEY")
    assert not workspace.secret_store().knows("myflsk", "app.env.API_KEY")


def test_readable_file_becomes_private_when_written(own_places):
    theirs = own_places / "mine" / "answers.toml"
    theirs.parent.mkdir()
    theirs.write_text("[site]\nname = 'myflask'\n")
    theirs.chmod(0o644)
    owner = (1234, 1234) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(theirs, *owner)
    AnswerStore(theirs).set("myflask", "app.repo", "/srv/git/a.git")
    info = theirs.stat()
    assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) == (0o600, *owner)
    workspace.keep_answers(theirs)
    paths.answers_file().write_text("[site]\nname = 'other'\n")
    workspace.keep_answers(theirs)
    for file in (paths.answers_file(), paths.previous_answers_file()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.answers_file().parent.stat().st_mode) == 0o700


def test_page_of_a_branch_answers_repository_and_branch(own_places):
    store = AnswerStore()
    store.set(None, "site.name", "blog")
    store.set("blog", "app.repo", "https://github.com/me/blog/tree/dev")
    assert store.get("blog", "app.repo") == "https://github.com/me/blog"
    assert store.get("blog", "app.branch") == "dev"
