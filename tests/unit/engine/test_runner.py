"""Test a step from its first event to its last, and its undo.

Errors, a stop and a kill interrupt it.
"""

from __future__ import annotations

import grp
import os
import pwd
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from piwizard.changes.base import RestartNeeded
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.engine.cancellation import Cancellation, Stopped
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.run_log import Recorder, read
from piwizard.engine.runner import Runner
from piwizard.engine.state import State
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.system import dpkg
from piwizard.system.checks import Check
from piwizard.system.files import Owner
from piwizard.system.remedies import Advice

ME = Owner(pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name)


@pytest.fixture
def engine(tmp_path):
    """Return the engine of one run, and its events."""
    return Runner(tmp_path / "backups", State(tmp_path / "lib"), Recorder(tmp_path / "run-1"))


def names(tmp_path):
    return [event["event"] for event in read(tmp_path / "run-1")]


def run(engine, plan, checks=(), **options):
    return engine.run("nginx", None, lambda: plan, lambda: checks, **{"overwrite": False} | options)


def files(tmp_path):
    return [File(tmp_path / "one", "1\n", owner=ME), Link(tmp_path / "two", "one")]


def test_successful_step_is_done(engine, tmp_path):
    assert run(engine, files(tmp_path), [Check("nginx", "nginx", True, "runs")])
    first, *_, last = read(tmp_path / "run-1")
    assert [change["kind"] for change in first["plan"]] == ["file", "link"]
    assert (last["result"], last["summary"]) == ("done", "Updated")
    assert engine.state.entry("nginx", None).result == "done"
    assert run(engine, files(tmp_path))
    assert read(tmp_path / "run-1")[-1]["summary"] == "Already up to date"


@dataclass(frozen=True)
class Fails:
    """A change that fails."""

    error: BaseException
    kind = "test"

    def describe(self):
        return "It fails"

    def probe(self, machine, memory):
        from piwizard.changes.base import Preview

        return Preview(in_sync=False)

    def apply(self, work):
        raise self.error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PiwizardError("No such thing.", key="app.repo", hint="Try."), "No such thing."),
        (OSError(28, "No space left on device", "/etc/x"), "The disk is full."),
        (ZeroDivisionError("by zero"), "Something unforeseen happened: by zero"),
    ],
)
def test_failed_step_is_failed(engine, tmp_path, error, message):
    assert not run(engine, [*files(tmp_path), Fails(error), File(tmp_path / "never", "", owner=ME)])
    events = read(tmp_path / "run-1")
    assert next(event for event in events if event["event"] == "error")["message"] == message
    assert events[-1]["result"] == "failed"
    assert (engine.state.entry("nginx", None).result, engine.state.entry("nginx", None).summary) == ("failed", message)
    assert not (tmp_path / "never").exists()
    assert (tmp_path / "one").exists()


def test_failed_check_is_reported(engine, tmp_path):
    assert not run(
        engine,
        [],
        [Check("port", "port", True, ""), Check("page", "page", False, "404", fix=(Advice("Apply again."),))],
    )
    error = next(event for event in read(tmp_path / "run-1") if event["event"] == "error")
    assert (error["message"], error["hint"]) == ("page: 404", "Apply again.")


def test_impossible_plan_is_reported(engine, tmp_path):
    def plan():
        raise PiwizardError("app.repo is missing.", key="app.repo")

    assert not engine.run("app", "blog", plan, list, overwrite=False)
    assert names(tmp_path) == ["error", "run-finished"]


def test_stopped_step_is_interrupted(tmp_path):
    cancellation = Cancellation()
    before = signal.getsignal(signal.SIGTERM)
    cancellation.listen()
    try:
        engine = Runner(tmp_path / "backups", State(tmp_path / "lib"), Recorder(tmp_path / "run-1"), cancellation)

        class Asked(Fails):
            def apply(self, work):
                os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(Stopped):
            run(engine, [Asked(ValueError()), File(tmp_path / "never", "", owner=ME)])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert read(tmp_path / "run-1")[-1]["result"] == "stopped"
    assert State(tmp_path / "lib").entry("nginx", None).result == "stopped"
    assert not (tmp_path / "never").exists()


def test_step_that_waits_for_a_restart_is_interrupted(engine, tmp_path):
    error = RestartNeeded("I2C works from the next restart of the Pi.", hint="Restart the Pi.")
    with pytest.raises(Stopped):
        run(engine, [Fails(error), File(tmp_path / "never", "", owner=ME)])
    shown, last = read(tmp_path / "run-1")[-2:]
    assert (shown["message"], shown["hint"]) == ("I2C works from the next restart of the Pi.", "Restart the Pi.")
    assert (last["result"], last["summary"]) == ("stopped", error.sentence)
    assert not (tmp_path / "never").exists()


def test_undo(engine, tmp_path):
    (tmp_path / "two").symlink_to("theirs")
    run(engine, files(tmp_path))
    assert engine.undo("nginx", None)
    assert not (tmp_path / "one").exists()
    assert os.readlink(tmp_path / "two") == "theirs"
    assert engine.state.entry("nginx", None) is None
    assert Journal(tmp_path / "backups", "nginx", None).records() == []
    last = read(tmp_path / "run-1")[-1]
    assert (last["result"], last["summary"]) == ("done", "restored")


def test_undo_names_what_it_kept(engine, tmp_path):
    run(engine, files(tmp_path))
    (tmp_path / "one").write_text("mine\n")
    assert engine.undo("nginx", None)
    assert str(tmp_path / "one") in read(tmp_path / "run-1")[-1]["summary"]
    assert not os.path.lexists(tmp_path / "two")


@dataclass(frozen=True)
class Brings:
    """An installed package, according to the journal."""

    name: str
    kind = "test"

    def describe(self):
        return "Install it"

    def probe(self, machine, memory):
        from piwizard.changes.base import Preview

        return Preview(in_sync=False)

    def apply(self, work):
        work.remember("package", self.name, {"installed": False, "asked": True})


def test_packages_stay_known_until_they_are_removed(engine, tmp_path, monkeypatch):
    run(engine, [*files(tmp_path), Brings("no-such-package")])
    (tmp_path / "one").write_text("mine\n")
    assert engine.undo("nginx", None)
    left = {record["kind"]: record for record in Leftovers(tmp_path / "backups").records()}
    assert left["package"]["before"] == {"installed": False, "asked": True, "step": "nginx"}
    assert (left["kept"]["target"], left["kept"]["before"]) == (str(tmp_path / "one"), {"step": "nginx"})
    monkeypatch.setattr(dpkg, "installed_versions", lambda: {"no-such-package": "1"})
    Leftovers(tmp_path / "backups").settle()
    assert len(Leftovers(tmp_path / "backups").records()) == 2
    monkeypatch.setattr(dpkg, "installed_versions", dict)
    assert engine.undo("system", None, packages=True)
    assert Leftovers(tmp_path / "backups").records() == []


def test_folder_is_removed_with_its_packages(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(dpkg, "installed_versions", dict)
    ours, persons = tmp_path / "etc" / "ddclient", tmp_path / "etc" / "mine"
    run(engine, [Folder(ours, owner=ME), Folder(persons, owner=ME)])
    for folder in (ours, persons):
        (folder / "file").write_text("")
    assert engine.undo("nginx", None)
    assert "is not empty: kept." in read(tmp_path / "run-1")[-1]["summary"]
    (ours / "file").unlink()  # as apt does
    assert engine.undo("system", None, packages=True)
    assert [one.name for one in (tmp_path / "etc").iterdir()] == ["mine"]
    assert [one["target"] for one in Leftovers(tmp_path / "backups").records()] == [str(persons)]


def test_interrupted_undo_continues(engine, tmp_path):
    run(engine, files(tmp_path))
    (tmp_path / "two").unlink()
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "x").write_text("")
    journal = Path(tmp_path / "backups" / "_machine" / "nginx" / "journal.jsonl").read_bytes()
    assert engine.undo("nginx", None)
    (tmp_path / "two" / "x").unlink()
    (tmp_path / "two").rmdir()
    (tmp_path / "backups" / "_machine" / "nginx").mkdir(parents=True)
    Path(tmp_path / "backups" / "_machine" / "nginx" / "journal.jsonl").write_bytes(journal)
    assert engine.undo("nginx", None)
    assert not (tmp_path / "one").exists()


def test_run_log_contains_the_commands(working, events):
    work = working()
    result = work.command(("sh", "-c", "echo out; echo err >&2; exit 3"), allow=(0, 3))
    assert result.exit == 3
    started, *lines, finished = events()
    assert (started["argv"][0], started["user"]) == ("sh", "root")
    assert sorted((line["stream"], line["text"]) for line in lines) == [("stderr", "err"), ("stdout", "out")]
    assert finished["exit"] == 3
    assert {event["id"] for event in events()} == {1}


def test_failed_command_is_explained(working):
    with pytest.raises(PiwizardError, match="`sh -c echo reason >&2; exit 1` failed: reason"):
        working().command(("sh", "-c", "echo reason >&2; exit 1"))
    with pytest.raises(PiwizardError, match="exit code 7"):
        working().command(("sh", "-c", "exit 7"))
    with pytest.raises(PiwizardError, match="not-there is not installed"):
        working().command(("not-there",))


def test_state_has_no_secret_of_an_error(tmp_path):
    engine = Runner(tmp_path / "backups", State(tmp_path / "lib"), Recorder(tmp_path / "run-1", ["s3cret-word"]))

    def plan():
        raise PiwizardError("app.entry: app:app does not run. OperationalError: postgres://u:s3cret-word@h refused")

    assert not engine.run("nginx", None, plan, list, overwrite=False)
    entry = engine.state.entry("nginx", None)
    assert "postgres://u:•••@h" in entry.summary
    assert "s3cret-word" not in (tmp_path / "lib/state.json").read_text()
