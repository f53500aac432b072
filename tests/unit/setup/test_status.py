"""Compare the saved state with the machine: partial setups, killed runs, drift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.answers import file_reader
from piwizard.answers.questions import Question
from piwizard.changes.file import File
from piwizard.changes.link import Link
from piwizard.engine import state
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.run_lock import Lock
from piwizard.engine.run_log import Recorder
from piwizard.engine.runner import Runner
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.setup.status import Status, addresses, all_set_up, status, without_answers
from piwizard.steps import registry
from piwizard.steps.nginx import Nginx
from piwizard.steps.registry import StepInstance, all_questions
from piwizard.system import paths
from piwizard.system.background_job import BackgroundJob, JobProgress
from piwizard.system.checks import Check


class Planned(Planner):
    """A wizard whose nginx step is a link, with checks set by the test."""

    found: tuple[Check, ...] = ()
    refuses: PiwizardError | None = None
    folder = None

    def plan(self, place):
        if self.refuses:
            raise self.refuses
        return [Link(self.folder / "link", "target")]

    def checks(self, place):
        return self.found


@pytest.fixture
def planner(own_places):
    made = Planned(file_reader.parse("", all_questions()), workspace.secret_store())
    made.folder = own_places / "etc-nginx"
    made.folder.mkdir()
    return made


def of(planner, step="nginx"):
    found = status(planner, workspace.state(), workspace.backups())
    return next(one for one in found if one.instance.step.name == step)


def run(planner, own_places):
    engine = Runner(workspace.backups_dir(), workspace.state(), Recorder(own_places / "log" / "run-1"))
    assert engine.run("nginx", None, lambda: planner.plan(None), list, overwrite=False)


def test_status_is_todo_before_any_run(planner):
    assert {one.state for one in status(planner, workspace.state(), workspace.backups())} == {"todo"}
    assert of(planner).as_json() == {
        "step": "nginx", "site": None, "state": "todo", "at": None, "run": None, "summary": ""
    }  # fmt: skip


def test_optional_step_without_answers_waits_and_blocks_nothing(planner, monkeypatch):
    def hostname(context, answers):
        return (Question("system.hostname", "Name", "", str, required=True),)

    optional = SimpleNamespace(
        name="extra", title="Extra", scope="machine", optional=True, needs=(), questions=hostname
    )
    monkeypatch.setattr(registry, "STEPS", (optional, *registry.STEPS))
    found = of(planner, "extra")
    assert (found.state, found.waits, found.summary) == ("todo", True, "Optional: needs your answers.")
    assert not of(planner).settled
    well = [
        replace(one, state="done") for one in status(planner, workspace.state(), workspace.backups()) if not one.waits
    ]
    assert all_set_up([found, *well])
    assert all_set_up([replace(found, state="skipped"), *well])
    assert not all_set_up([replace(found, state="failed"), *well])
    assert not all_set_up([found, replace(well[0], state="todo"), *well[1:]])
    planner.answers.machine["system.hostname"] = "pi"
    assert not of(planner, "extra").waits


def test_step_without_questions_follows_the_one_that_asks(planner):
    found = of(planner, "renewal")
    assert (found.state, found.waits, found.summary) == ("todo", True, "Follows with Certificate.")
    assert of(planner, "certbot").summary == "Optional: needs your answers."


def test_declined_step_that_never_ran_is_not_to_do(planner):
    assert of(planner, "dhparam").waits
    planner.answers.machine["dhparam.way"] = "none"
    found = of(planner, "dhparam")
    assert (found.state, found.summary, found.declined) == ("skipped", "not wanted, as you answered", True)
    assert found.settled
    workspace.state().mark("dhparam", None, "failed", "run-1")
    assert of(planner, "dhparam").state == "failed", "a run may have left something"
    planner.answers.machine["dhparam.way"] = "ffdhe2048"
    assert not of(planner, "dhparam").declined


def test_addresses_list_sites_whose_steps_are_done(planner):
    site, secure = (
        SimpleNamespace(name=name, optional=False, serves_site=name == "site") for name in ("site", "certbot")
    )
    found = [Status(StepInstance(site, name), "done") for name in ("one", "two", "three")]
    found += [Status(StepInstance(secure, "one"), "done"), Status(StepInstance(secure, "three"), "failed")]
    domains = {"one": ("one.example", "www.one.example"), "two": ("two.example",), "three": ("three.example",)}
    assert addresses(found, domains, {"one"}) == {"one": "https://one.example/", "two": "http://two.example/"}


def test_status_is_done_after_a_run(planner, own_places):
    run(planner, own_places)
    assert (of(planner).state, of(planner).run) == ("done", "run-1")


def test_drifted_change_is_named(planner, own_places):
    run(planner, own_places)
    (planner.folder / "link").unlink()
    found = of(planner)
    assert found.state == "drifted"
    assert "link" in found.summary
    assert found.drift[0].preview.diff


def test_failed_check_is_named(planner, own_places):
    run(planner, own_places)
    planner.found = (Check("page", "page", True, "200"), Check("names", "names", False, "are answered"))
    assert (of(planner).state, of(planner).summary) == ("drifted", "names: are answered")


def test_missing_answer_makes_a_done_step_drifted(planner, own_places):
    run(planner, own_places)
    planner.refuses = PiwizardError("site.domains is missing.", key="site.domains")
    assert (of(planner).state, of(planner).summary) == ("drifted", "site.domains is missing.")


def test_step_that_cannot_be_checked_is_not_drifted(planner, own_places):
    """Another piwizard may have the folder, or the repository does not answer."""
    run(planner, own_places)
    planner.refuses = PiwizardError("fatal: Unable to read current working directory")
    assert of(planner).state == "done"
    assert of(planner).summary == "Not checked: fatal: Unable to read current working directory"


@pytest.mark.parametrize(
    ("result", "state"), [("failed", "failed"), ("stopped", "interrupted"), ("running", "interrupted")]
)
def test_unfinished_run_shows_its_result(planner, result, state):
    workspace.state().mark("nginx", None, result, "run-1", "why")
    found = of(planner)
    assert found.state == state
    assert found.summary


def test_status_is_running_during_a_run(planner):
    workspace.state().mark("nginx", None, "running", "run-1")
    workspace.state().mark("system", None, "running", "run-0")
    lock = Lock(paths.lock_file())
    lock.take("run-1")
    try:
        assert of(planner).state == "running"
        assert of(planner, "system").state == "interrupted", "its run was killed"
    finally:
        lock.release()
    assert of(planner).state == "interrupted"


def test_status_of_a_background_job_says_how_far_it_is(planner, monkeypatch):
    job = BackgroundJob("long.service", "The long work", lambda: JobProgress(34, "generating, 34 %"), Path)
    monkeypatch.setattr(Nginx, "background", job)
    workspace.state().mark("nginx", None, "running", "run-1")
    monkeypatch.setattr(BackgroundJob, "running", lambda self: True)
    assert (of(planner).state, of(planner).summary) == ("running", "generating, 34 %")
    monkeypatch.setattr(BackgroundJob, "running", lambda self: False)
    assert of(planner).state == "interrupted"


def test_state_of_a_removed_site_is_ignored(planner):
    workspace.state().mark("app", "gone", "done", "run-1")
    assert of(planner, "app").state == "todo"


def test_file_edited_by_hand_is_named(planner, own_places, monkeypatch):
    monkeypatch.setattr(Planned, "plan", lambda self, place: [File(self.folder / "f", "ours\n", owner=_me())])
    run(planner, own_places)
    (planner.folder / "f").write_text("mine\n")
    found = of(planner)
    assert found.state == "drifted"
    assert found.drift[0].preview.edited


def test_data_that_a_removed_site_left_is_listed(planner, own_places, monkeypatch):
    monkeypatch.setattr(paths, "sites_dir", lambda: own_places / "srv")
    folder = {"kind": "folder", "target": str(own_places / "srv" / "blog" / "data"), "before": {"existed": False}}
    Leftovers(workspace.backups_dir()).note("app", "blog", folder, "kept")
    (found,) = without_answers(planner, workspace.state(), workspace.backups())
    assert (found.instance.label, found.state) == ("app of blog", "todo")
    assert "Run `piwizard remove blog`" in found.summary


def _me():
    import grp
    import os
    import pwd

    from piwizard.system.files import Owner

    return Owner(pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name)


def test_set_up_site_without_answers_is_drifted(planner):
    workspace.state().mark("app", "blog", "done", "run-1")
    Journal(workspace.backups_dir(), "site", "blog").remember("link", "/etc/x", {"target": None})
    found = without_answers(planner, workspace.state(), workspace.backups())
    assert [(one.instance.label, one.state, one.run) for one in found] == [
        ("app of blog", "drifted", "run-1"),
        ("site of blog", "drifted", None),
    ]
    assert "Run `piwizard remove blog` to remove it" in found[0].summary
    known = file_reader.parse('[sites.blog.site]\ndomains = ["blog.example.org"]\n', all_questions())
    assert without_answers(Planner(known, workspace.secret_store()), workspace.state(), workspace.backups()) == []


def test_new_settings_of_an_upgrade_are_not_called_an_edit(planner, own_places, monkeypatch):
    run(planner, own_places)
    (planner.folder / "link").unlink()
    assert of(planner).summary.startswith("Out of sync: ")
    monkeypatch.setattr(state, "templates_version", lambda: "newer")
    found = of(planner)
    assert found.state == "drifted"
    assert found.summary.startswith("piwizard was upgraded since, and `piwizard apply` brings its new settings.")
