"""Test that another answers file does not remove a site that is set up."""

from __future__ import annotations

import json
import tomllib

import pytest
from click.testing import CliRunner

from piwizard.cli.main import cli
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.setup import kept_answers, preview, workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import paths

OWN = """\
[site]
name = "shop"
domains = ["shop.example.org"]

[app]
repo = "https://example.org/shop.git"
env = { SECRET_KEY = { generate = 32 }, MODE = "slow" }

[ddns]
interval = 7

[sites.blog.site]
domains = ["blog.example.org"]

[sites.blog.app]
repo = "https://example.org/blog.git"

[sites.blog.app.env]
MODE = "quick"
"""
NEW = """\
# kept in git
[site]
name = "wiki"
domains = ["wiki.example.org"]

[app]
repo = "https://example.org/wiki.git"
"""


@pytest.fixture
def file(own_places):
    """Return another answers file, on a machine with three sites, two of them set up."""
    paths.answers_file().parent.mkdir(parents=True)
    paths.answers_file().write_text(OWN + '\n[sites.never.app]\nrepo = "https://example.org/never.git"\n')
    workspace.state().mark("app", "blog", "done", "run-1")
    Journal(workspace.backups_dir(), "site", "shop").remember("link", "/etc/x", {"target": None})
    found = own_places / "answers.toml"
    found.write_text(NEW)
    return found


def answers_of(found):
    return {site: dict(found.sites[site]) for site in found.sites}


def test_set_up_sites_come_from_journals_and_state(file):
    assert workspace.set_up() == ("blog", "shop")


def test_set_up_site_keeps_its_answers(file):
    before = answers_of(workspace.planner(None).answers)
    planner = workspace.planner(file)
    assert list(planner.answers.sites) == ["wiki", "blog", "shop"]
    workspace.keep_answers(file)
    assert answers_of(workspace.planner(None).answers) == answers_of(planner.answers)
    after = answers_of(planner.answers)
    assert {site: after[site] for site in ("blog", "shop")} == {site: before[site] for site in ("blog", "shop")}
    assert paths.answers_file().read_text().startswith(NEW)
    assert file.read_text() == NEW
    workspace.keep_answers(file)
    assert paths.answers_file().read_text().count("[sites.blog.app]") == 1


def test_kept_answers_are_reported(file):
    words = kept_answers.remarks(file, workspace.planner(file).answers)
    assert words == [
        f"{site} is set up but not in {file}. It stays as it is and keeps its answers. "
        f"Run `piwizard remove {site}` to remove it."
        for site in ("blog", "shop")
    ]
    assert kept_answers.remarks(None, workspace.planner(None).answers) == []


def test_answers_in_the_file_win_over_kept_ones(file):
    file.write_text(NEW + '\n[sites.blog.app]\nrepo = "https://example.org/other.git"\n')
    assert workspace.planner(file).answers.sites["blog"]["app.repo"] == "https://example.org/other.git"
    assert "site.domains" not in workspace.planner(file).answers.sites["blog"]


def test_own_file_is_read_unchanged(file):
    paths.answers_file().write_text(NEW)
    found = workspace.planner(None).answers
    assert list(found.sites) == ["wiki"]
    assert kept_answers.remarks(None, found) == [kept_answers.no_answers("blog"), kept_answers.no_answers("shop")]


@pytest.mark.parametrize("name", ["market", "wiki"])
def test_renaming_a_set_up_site_in_a_file_is_refused(file, name):
    file.write_text(OWN.replace('name = "shop"', f'name = "{name}"'))
    with pytest.raises(
        PiwizardError, match=rf"the site {name} has the domain shop.example.org, but the site shop is set up"
    ) as refused:
        workspace.planner(file)
    assert "Name the site shop" in refused.value.hint
    with pytest.raises(PiwizardError, match="but the site shop is set up"):
        workspace.keep_answers(file)
    assert "wiki" not in paths.answers_file().read_text()


@pytest.mark.parametrize("sites", ["sites = {}\n", "[sites]\n", '[sites.other]\napp = { repo = "/srv/git/o" }\n', ""])
def test_kept_answers_are_added_to_any_form_of_file(file, sites):
    file.write_text(f"{sites}{NEW}" if sites.startswith("sites") else f"{NEW}\n{sites}")
    if sites == "sites = {}\n":
        with pytest.raises(PiwizardError, match="its answers cannot be added"):
            workspace.planner(file)
        return
    assert {"wiki", "blog", "shop"} <= set(workspace.planner(file).answers.sites)


def test_answering_for_a_kept_site_writes_its_other_answers(file):
    answering = AnswerStore(file)
    assert answering.sites() == ["wiki", "blog", "shop"]
    answering.set("blog", "gunicorn.workers", 3)
    written = tomllib.loads(file.read_text())["sites"]["blog"]
    assert written == tomllib.loads(OWN)["sites"]["blog"] | {"gunicorn": {"workers": 3}}


def test_replaced_answers_are_kept_after_each_replacement(file, own_places):
    versions = [paths.answers_file().read_text()]
    for number in range(3):
        file.write_text(f"{NEW}# version {number}\n")
        workspace.keep_answers(file)
        versions.append(paths.answers_file().read_text())
    previous = paths.answers_file().with_name("answers.toml.previous").read_text()
    kept = list((workspace.backups_dir() / "answers").iterdir())
    assert {previous, *(one.read_text() for one in kept)} == set(versions[:-1])
    assert {one.stat().st_mode & 0o777 for one in kept} == {0o600}


def test_former_answers_of_a_site_without_answers_are_named(file):
    paths.previous_answers_file().write_text(paths.answers_file().read_text())
    paths.answers_file().unlink()
    (words, _) = kept_answers.remarks(None, workspace.planner(None).answers)
    assert f"blog is set up, but {paths.answers_file()} has no answers for it. It stays as it is." in words
    assert f"Its former answers are in {paths.previous_answers_file()}." in words


def test_missing_sites_with_invalid_answers_are_refused(file):
    """Refuse the file, since the answers of those sites would be lost."""
    before = "[site\n"
    paths.answers_file().write_text(before)
    with pytest.raises(PiwizardError, match=r"lacks the site blog, shop, which is set up, and .* cannot be read"):
        workspace.planner(file)
    with pytest.raises(PiwizardError, match="cannot be read"):
        workspace.keep_answers(file)
    assert paths.answers_file().read_text() == before


def test_misspelled_table_of_a_set_up_site_is_refused(file):
    file.write_text(OWN.replace("sites.blog", "sites.blgo"))
    with pytest.raises(
        PiwizardError, match=r"the site blgo has the domain blog\.example\.org, but the site blog is set"
    ):
        workspace.planner(file)


def test_apply_of_a_file_chooses_only_its_own_sites(file):
    planner = workspace.planner(file)
    assert {one.site for one in planner.select(["app"])} == {"wiki"}
    assert {one.site for one in planner.select(["app"], "blog")} == {"blog"}
    assert {one.site for one in workspace.planner(None).select(["app"])} == {"shop", "blog", "never"}


def test_plan_as_json_names_kept_sites(file, monkeypatch):
    monkeypatch.setattr(preview, "preview_all", lambda *_: [])
    said = json.loads(CliRunner().invoke(cli, ["plan", "system", "--json", "--answers", str(file)]).output)
    assert [(one["site"], one["answers_kept"]) for one in said["kept_sites"]] == [("blog", True), ("shop", True)]
