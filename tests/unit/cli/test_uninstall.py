"""Test that user data is deleted only after a confirmation that names it."""

from __future__ import annotations

import io
import json
import sys

import pytest
from click.testing import CliRunner

from piwizard.changes.folder import Folder
from piwizard.cli import undo, uninstall
from piwizard.cli.main import cli
from piwizard.engine import run_launch
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.run_log import Recorder, read
from piwizard.engine.runner import Runner
from piwizard.setup import removal, workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import app_data, files, paths
from piwizard.system.files import Owner

ANSWERS = """\
[site]
name = "shop"

[app]
repo = "https://example.org/shop.git"

[sites.blog.app]
repo = "https://example.org/blog.git"
"""
ME = Owner()


class Machine:
    """A machine with two sites. Runs are carried out immediately and recorded."""

    def __init__(self, root, monkeypatch):
        self.srv, self.root, self.requests, self.asked = root / "srv", root, [], []
        self._monkeypatch = monkeypatch

    def set_up(self, site, run="run-1"):
        engine = Runner(workspace.backups_dir(), workspace.state(), Recorder(paths.logs_dir() / run))
        home = self.srv / site
        plan = [Folder(home, owner=ME), Folder(home / "releases", whole=True), Folder(home / "data", 0o750, ME)]
        assert engine.run("app", site, lambda: plan, list, overwrite=False)

    def write(self, site):
        (self.srv / site / "data" / "app.db").write_text("what visitors wrote")

    def undo(self, wanted):
        self.requests.append(wanted)
        run = f"run-{len(self.requests) + 10}"
        engine = Runner(workspace.backups_dir(), workspace.state(), Recorder(paths.logs_dir() / run))
        for step, site in wanted.steps:
            data = app_data.data_folder(site) if step == "app" else None
            assert engine.undo(step, site, data=data, wipe=site in wanted.wipe)
        for site in wanted.removed:
            removal.forget_site(site, keep_secrets=wanted.keep_secrets)
        return run

    def summaries(self):
        last = f"run-{len(self.requests) + 10}"
        found = read(paths.logs_dir() / last)
        return {one["step"]: one["summary"] for one in found if one["event"] == "run-finished"}

    def run(self, *argv):
        return CliRunner().invoke(cli, argv)

    def at_terminal(self, *answers):
        """Answer the questions at a terminal in this order."""
        left = list(answers)

        def say(question=""):
            self.asked.append(question)
            return left.pop(0)

        self._monkeypatch.setattr("builtins.input", say)
        self._monkeypatch.setattr(uninstall, "sys", Terminal())
        self._monkeypatch.setattr(undo, "sys", Terminal())


class Terminal:
    """`sys` with a terminal as stdin."""

    class stdin(io.StringIO):
        @staticmethod
        def isatty():
            return True

    def __getattr__(self, name):
        return getattr(sys, name)


@pytest.fixture
def machine(own_places, monkeypatch):
    found = Machine(own_places, monkeypatch)
    monkeypatch.setattr(paths, "sites_dir", lambda: found.srv)
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(run_launch, "start", found.undo)
    monkeypatch.setattr(uninstall, "watch_run", lambda run, as_json: 0)
    monkeypatch.setattr(undo, "watch_run", lambda run, as_json: 0)
    paths.answers_file().parent.mkdir(parents=True)
    paths.answers_file().write_text(ANSWERS)
    for site in ("shop", "blog"):
        found.set_up(site)
        found.write(site)
    return found


def data(machine, site="blog"):
    file = machine.srv / site / "data" / "app.db"
    return file.read_text() if file.exists() else None


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_remove_without_a_terminal_needs_yes_option(machine, more):
    said = machine.run("remove", "blog", *more)
    assert said.exit_code == 1
    assert machine.requests == []
    assert data(machine) == "what visitors wrote"
    for words in (f"{machine.srv}/blog/data (1 file, 19 bytes)", "Nothing was changed", "--yes", "--keep-data"):
        assert words in said.output, said.output
    assert AnswerStore().sites() == ["shop", "blog"]


def test_remove_with_yes_names_what_it_deletes(machine):
    said = machine.run("remove", "blog", "--yes")
    assert said.exit_code == 0, said.output
    assert f"Deleting {machine.srv}/blog/data (1 file, 19 bytes)." in said.output
    assert "Site blog removed. Nothing of it is left." in said.output
    assert not (machine.srv / "blog").exists()
    assert data(machine, "shop") == "what visitors wrote"
    assert AnswerStore().sites() == ["shop"]


def test_remove_with_json_names_what_it_deletes(machine):
    said = machine.run("remove", "blog", "--yes", "--json")
    deleting, removed = map(json.loads, said.stdout.splitlines())
    folder = {"folder": f"{machine.srv}/blog/data", "files": 1, "bytes": 19, "more": False}
    assert deleting == {"event": "deleting", "data": [folder]}
    assert removed == {"event": "removed", "site": "blog", "left": []}


@pytest.mark.parametrize("answer", ["", "n", "no", "what?"])
def test_remove_at_a_terminal_asks_separately_about_data(machine, answer):
    machine.at_terminal("y", answer)
    said = machine.run("remove", "blog")
    assert said.exit_code == 0, said.output
    assert machine.asked[1] == f"Also delete {machine.srv}/blog/data (1 file, 19 bytes)? [y/N] "
    assert "data" not in machine.asked[0]
    assert data(machine) == "what visitors wrote"
    assert f"Still there: {machine.srv}/blog with {machine.srv}/blog/data (1 file, 19 bytes)" in said.output


def test_remove_at_a_terminal_deletes_after_both_confirmations(machine):
    machine.at_terminal("y", "y")
    assert machine.run("remove", "blog").exit_code == 0
    assert not (machine.srv / "blog").exists()


def test_remove_at_a_terminal_stops_when_declined(machine):
    machine.at_terminal("n")
    assert machine.run("remove", "blog").exit_code == 1
    assert machine.requests == []


def test_remove_keeps_secrets_with_the_data(machine):
    vault = workspace.secret_store()
    vault.keep("blog", "app.env.SECRET_KEY", "it-encrypts-the-data")
    vault.save()
    assert machine.run("remove", "blog", "--keep-data").exit_code == 0
    assert workspace.secret_store().knows("blog", "app.env.SECRET_KEY")
    assert machine.run("remove", "blog", "--yes").exit_code == 0
    assert not workspace.secret_store().knows("blog", "app.env.SECRET_KEY")


def test_remove_deletes_data_kept_by_an_earlier_removal(machine):
    """Data that was kept and found again at the next setup still counts as created by piwizard."""
    said = machine.run("remove", "blog", "--keep-data")
    assert said.exit_code == 0, said.output
    assert data(machine) == "what visitors wrote"
    assert machine.summaries()["app"] != "restored"
    assert f"{machine.srv}/blog/data (1 file, 19 bytes): kept." in machine.summaries()["app"]
    for round_trip in range(2):
        machine.set_up("blog", f"again-{round_trip}")
        assert data(machine) == "what visitors wrote"
        assert machine.run("remove", "blog", "--keep-data").exit_code == 0
        assert f"{machine.srv}/blog/data (1 file, 19 bytes): kept." in machine.summaries()["app"]
    machine.set_up("blog", "again")
    said = machine.run("remove", "blog", "--yes")
    assert "Nothing of it is left" in said.output
    assert not (machine.srv / "blog").exists()
    assert Leftovers(workspace.backups_dir()).records() == []


def test_remove_deletes_kept_data_later(machine):
    assert machine.run("remove", "blog", "--keep-data").exit_code == 0
    assert AnswerStore().sites() == ["shop"]
    assert machine.run("remove", "blog").exit_code == 1, "no confirmation"
    said = machine.run("remove", "blog", "--yes")
    assert said.exit_code == 0, said.output
    assert not (machine.srv / "blog").exists()
    assert machine.run("remove", "blog", "--yes").exit_code == 1


def test_remove_keeps_and_names_other_files_in_the_folder(machine):
    (machine.srv / "blog" / "notes.txt").write_text("mine")
    said = machine.run("remove", "blog", "--yes")
    assert (machine.srv / "blog" / "notes.txt").read_text() == "mine"
    assert f"Still there: {machine.srv}/blog with notes.txt" in said.output


def test_remove_works_without_answers(machine):
    paths.answers_file().write_text("[ddns]\n")
    said = machine.run("remove", "blog", "--yes")
    assert said.exit_code == 0, said.output
    assert not (machine.srv / "blog").exists()
    paths.answers_file().unlink()
    assert machine.run("remove", "shop", "--yes").exit_code == 0
    assert not (machine.srv / "shop").exists()


def test_remove_without_answers_keeps_answers_of_other_sites(machine):
    paths.answers_file().write_text(ANSWERS.partition("[sites")[0])
    assert machine.run("remove", "blog", "--yes").exit_code == 0
    assert AnswerStore().sites() == ["shop"]


def test_remove_refuses_unknown_sites(machine):
    (machine.srv / "git" / "data").mkdir(parents=True)
    for name in ("git", "..", "blog/../shop", ""):
        said = machine.run("remove", name, "--yes")
        assert said.exit_code == 1
        assert "There is no site" in said.output
    assert machine.requests == []


def test_remove_keeps_data_of_a_site_that_was_never_set_up(machine):
    (machine.srv / "git" / "data").mkdir(parents=True)
    (machine.srv / "git" / "data" / "mine").write_text("mine")
    paths.answers_file().write_text(f'{ANSWERS}\n[sites.git.app]\nrepo = "https://example.org/git.git"\n')
    assert machine.run("remove", "git", "--yes").exit_code == 0
    assert (machine.srv / "git" / "data" / "mine").read_text() == "mine"


def test_remove_refuses_data_with_a_mounted_disk(machine, monkeypatch):
    mounts = machine.root / "mountinfo"
    mounts.write_text(f"36 22 98:0 / {machine.srv}/blog/data/media rw - ext4 /dev/b rw\n")
    monkeypatch.setattr(app_data, "MOUNTINFO", mounts)
    said = machine.run("remove", "blog", "--yes")
    assert said.exit_code == 1
    assert "A disk is mounted at" in said.output
    assert machine.requests == []


@pytest.mark.parametrize("argv", [("undo", "--all", "--data"), ("undo", "app", "--site", "blog", "--data")])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_undo_with_data_needs_confirmation(machine, argv, more):
    said = machine.run(*argv, *more)
    assert said.exit_code == 1
    assert f"{machine.srv}/blog/data (1 file, 19 bytes)" in said.output
    assert machine.requests == []
    done = machine.run(*argv, *more, "--yes")
    assert done.exit_code == 0, done.output
    assert data(machine) is None


@pytest.mark.parametrize("argv", [("undo", "--all"), ("undo", "app", "--site", "blog")])
@pytest.mark.parametrize("more", [(), ("--yes",), ("--json",)])
def test_undo_without_data_option_keeps_data(machine, argv, more):
    assert machine.run(*argv, *more).exit_code == 0
    assert data(machine) == "what visitors wrote"
    assert "1 file" in machine.summaries()["app"]


def test_undo_all_asks_about_each_folder(machine):
    machine.at_terminal("y", "y", "n")
    assert machine.run("undo", "--all").exit_code == 0
    assert [question.split("/srv/")[-1] for question in machine.asked[1:]] == [
        "blog/data (1 file, 19 bytes)? [y/N] ",
        "shop/data (1 file, 19 bytes)? [y/N] ",
    ]
    assert (data(machine, "blog"), data(machine, "shop")) == (None, "what visitors wrote")


def test_undo_of_one_step_asks_about_its_data(machine):
    machine.at_terminal("y", "")
    assert machine.run("undo", "app", "--site", "blog").exit_code == 0
    assert machine.asked[1] == f"Also delete {machine.srv}/blog/data (1 file, 19 bytes)? [y/N] "
    assert data(machine) == "what visitors wrote"
    assert machine.run("undo", "app", "--site", "blog", "--data", "--yes").exit_code == 0, "data kept before"
    assert data(machine) is None


def test_undo_all_deletes_data_kept_by_an_earlier_undo(machine):
    assert machine.run("undo", "--all", "--yes").exit_code == 0
    assert "nothing to undo" in machine.run("undo", "--all", "--yes").output
    assert machine.run("undo", "--all", "--data", "--yes").exit_code == 0
    assert not (machine.srv / "blog").exists()
    assert not (machine.srv / "shop").exists()


def test_undo_needs_no_answers(machine):
    paths.answers_file().write_text("spoilt [")
    assert machine.run("undo", "app", "--site", "blog").exit_code == 0
    assert not (machine.srv / "blog" / "releases").exists()


def test_undo_keeps_a_folder_that_existed_before(machine):
    (machine.srv / "old" / "data").mkdir(parents=True)
    (machine.srv / "old" / "data" / "app.db").write_text("brought from another Pi")
    machine.set_up("old", "run-3")
    assert machine.run("undo", "app", "--site", "old").exit_code == 0
    assert data(machine, "old") == "brought from another Pi"
    assert "(1 file, 23 bytes): kept." in machine.summaries()["app"]
    machine.set_up("old", "run-4")
    said = machine.run("remove", "old", "--yes")
    assert data(machine, "old") is None
    assert files.removal_path(machine.srv / "old" / "data").exists() is False
    assert "restored" not in said.output
    assert f"Still there: {machine.srv}/old, which is empty" in said.output
