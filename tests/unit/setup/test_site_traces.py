"""Test that sites on the machine can be removed even if their records are lost."""

from __future__ import annotations

import json

import pytest

from piwizard.apps import app_units
from piwizard.changes import UNDO
from piwizard.engine.undo_journal import Journal
from piwizard.nginx.server_blocks import SiteBlock, render_site
from piwizard.setup import kept_answers, site_traces, workspace
from piwizard.setup.status import without_answers
from piwizard.steps import blocks
from piwizard.system import egress_filter, paths
from tests.unit.cli.test_uninstall import machine  # noqa: F401 — a fixture

UNIT = app_units.AppUnit(
    site="blog", user="blog", code="/srv/blog/current/app", venv="/srv/blog/current/venv", entry="app:app",
    workers=1, threads=4, gunicorn=(23, 0, 0), home="/srv/blog/data",
)  # fmt: skip
BLOCK = SiteBlock(name="blog", domains=("blog.example.org",), socket="/run/piwizard-blog.sock", static={})


@pytest.fixture
def folders(own_places, monkeypatch):
    """Make a machine with the files of the site blog, and no other files of piwizard."""
    etc = own_places / "machine"
    for name in ("units", "available", "enabled", "egress"):
        (etc / name).mkdir(parents=True)
    monkeypatch.setattr(site_traces, "UNITS", etc / "units")
    monkeypatch.setattr(blocks, "AVAILABLE", etc / "available")
    monkeypatch.setattr(blocks, "ENABLED", etc / "enabled")
    monkeypatch.setattr(egress_filter, "SITES_FOLDER", etc / "egress")
    monkeypatch.setattr(paths, "sites_dir", lambda: own_places / "srv")
    (etc / "units" / "blog.service").write_text(app_units.render_service(UNIT))
    (etc / "units" / "blog.socket").write_text(app_units.render_socket(UNIT))
    (etc / "available" / "blog").write_text(render_site(BLOCK))
    (etc / "enabled" / "blog").symlink_to("../available/blog")
    release = own_places / "srv" / "blog" / "releases" / "0123456789ab"
    release.mkdir(parents=True)
    (release / "release.json").write_text("{}")
    (release.parents[1] / "current").symlink_to("releases/0123456789ab")
    (release.parents[1] / "data").mkdir()
    (etc / "available" / "blog.mine").write_text(render_site(BLOCK))
    (etc / "available" / "default").write_text("# The default site of Debian\n")
    (etc / "units" / "ssh.service").write_text("[Unit]\n")
    (own_places / "srv" / "git" / "releases" / "one").mkdir(parents=True)
    return etc


def test_traces_name_each_step_of_a_site_and_no_other_file(folders, own_places):
    found = site_traces.find_traces()
    assert found.keys() == {"blog"}
    assert found["blog"].paths == {
        "app": [own_places / "srv" / "blog"],
        "gunicorn": [folders / "units" / "blog.service", folders / "units" / "blog.socket"],
        "site": [folders / "available" / "blog"],
    }


def test_site_without_any_record_is_in_status_and_keeps_its_answers(folders, own_places):
    assert kept_answers.set_up() == ("blog",)
    planner = workspace.planner(None)
    steps = [
        (one.instance.label, one.state) for one in without_answers(planner, workspace.state(), workspace.backups())
    ]
    assert steps == [("app of blog", "drifted"), ("gunicorn of blog", "drifted"), ("site of blog", "drifted")]
    paths.answers_file().parent.mkdir(parents=True, exist_ok=True)
    paths.answers_file().write_text('[site]\nname = "blog"\ndomains = ["blog.example.org"]\n')
    other = own_places / "other.toml"
    other.write_text('[site]\nname = "shop"\ndomains = ["shop.example.org"]\n')
    planner = workspace.planner(other)
    assert planner.chosen_sites == ["shop"], "the other site stays unchanged"
    workspace.keep_answers(other)
    assert list(workspace.planner(None).answers.sites) == ["shop", "blog"]


def test_recorded_traces_are_removed_by_undo(folders, own_places, working, monkeypatch):
    site_traces.record_traces("blog")
    journals = {step: Journal(workspace.backups_dir(), step, "blog") for step in ("site", "gunicorn", "app")}
    kinds = {step: [one["kind"] for one in journal.records()] for step, journal in journals.items()}
    assert kinds["site"] == ["certificate", "link", "group", "file", "link"]
    assert kinds["gunicorn"] == ["file", "file", "link", "unit", "unit"]
    assert kinds["app"] == ["folder", "folder", "folder"]
    site_traces.record_traces("blog")
    assert {step: len(journal.records()) for step, journal in journals.items()} == {
        step: len(found) for step, found in kinds.items()
    }
    monkeypatch.setattr("piwizard.engine.apply_context.RunApplyContext.command", lambda *_, **__: _Ok())
    for step, journal in journals.items():
        work = working(step, "blog")
        work._backups = workspace.backups()
        for record in reversed(journal.records()):
            if record["kind"] not in ("unit", "certificate"):
                UNDO[record["kind"]](record, work)
    assert not (own_places / "srv" / "blog").exists()
    assert {one.name for one in folders.rglob("*") if not one.is_dir()} == {"blog.mine", "default", "ssh.service"}
    originals = {path.read_text() for path in (workspace.backups_dir() / "originals").iterdir()}
    assert render_site(BLOCK) in originals


class _Ok:
    ok = True


def test_remove_works_without_any_record(machine, monkeypatch):  # noqa: F811
    """Find a site without state and journals: its release still contains its name."""
    for name, value in (("UNITS", "units"),):
        monkeypatch.setattr(site_traces, name, machine.root / value)
    release = machine.srv / "blog" / "releases" / "0123456789ab"
    release.mkdir()
    (release / "release.json").write_text(json.dumps({}))
    for step, site in (("app", "blog"), ("app", "shop")):
        Journal(workspace.backups_dir(), step, site).forget()
        workspace.state().forget(step, site)
    assert machine.run("remove", "shop", "--keep-data").exit_code == 0, "a site with answers can be removed"
    said = machine.run("remove", "blog", "--yes")
    assert said.exit_code == 0, said.output
    assert not (machine.srv / "blog").exists()
    assert machine.run("remove", "blog", "--yes").exit_code == 1
