"""Test that files of earlier versions are read, and those of newer ones stay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from piwizard.answers import file_reader
from piwizard.answers.secret_store import SecretStore
from piwizard.engine import run_launch
from piwizard.engine.backups import Backups
from piwizard.engine.run_log import Recorder
from piwizard.engine.runner import Runner
from piwizard.engine.state import VERSION, Entry, State
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.steps.registry import all_questions
from piwizard.system import paths
from piwizard.system.facts import os_release
from piwizard.templates.render import templates_version
from piwizard.tls.rate_limits import Attempts

SAMPLES = Path(__file__).parent / "samples"
RUN = "20261101T100000-aaaa"
NGINX = Path("/etc/nginx/nginx.conf")


def put(sample: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SAMPLES / sample, path)
    return path


def test_state_1(tmp_path):
    file = put("state-1.json", tmp_path / "state.json")
    state = State(tmp_path)
    assert state.trouble == ""
    app = state.entry("app", "myflask")
    assert (app.result, app.run, app.seconds, app.system, app.moved) == ("failed", RUN, 60, "", "")
    state.mark("app", "myflask", "done", "run-2")
    whole = json.loads(file.read_text())
    assert whole["version"] == VERSION == 3
    assert State(tmp_path).entry("nginx", None).summary == "1 of 3 changes were needed"
    assert State(tmp_path).entry("app", "myflask").system == os_release.system_name()


def test_step_of_another_release_is_reported():
    entry = Entry("done", RUN, "", system="Debian GNU/Linux 11 (bullseye)")
    assert entry.moved.startswith("It was set up on Debian GNU/Linux 11 (bullseye); this is ")
    assert Entry("done", RUN, "", system=os_release.system_name()).moved == ""


def test_step_of_another_version_of_piwizard_is_reported():
    assert "piwizard was upgraded" in Entry("done", RUN, "", templates="other").upgraded
    assert Entry("done", RUN, "").upgraded == ""
    assert Entry("done", RUN, "", templates=templates_version()).upgraded == ""


@pytest.mark.parametrize("number", [1, 2, 3])
def test_requests(own_places, number):
    put(f"request-{number}.json", run_launch.folder(RUN) / "request.json")
    request = run_launch.request(RUN)
    assert request.action == "apply"
    assert request.steps == (("system", None), ("app", "myflask"))
    assert bool(request.pins) == (number > 1)
    assert request.wipe == ()


def test_earlier_request_to_delete_data_is_understood(own_places):
    """Read a request without site names: it applies to the sites of its steps."""
    file = put("request-3.json", run_launch.folder(RUN) / "request.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"wipe": True}))
    assert run_launch.request(RUN).wipe == ("myflask",)


def test_request_of_another_version_is_refused(own_places):
    file = put("request-3.json", run_launch.folder(RUN) / "request.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"tomorrow": True}))
    with pytest.raises(PiwizardError, match="started by another version"):
        run_launch.request(RUN)


def test_journal_1(tmp_path):
    put("journal-1.jsonl", tmp_path / "_machine/nginx/journal.jsonl")
    ours = "13102ad5e68a577a21dbe1aa6b16189e93e979278d6b9917d7f279a9a3dabd16"
    assert Backups(tmp_path).wrote(NGINX, ours)
    journal = Journal(tmp_path, "nginx", None)
    assert journal.knows("unit", "nginx.service")
    journal.remember("file", str(NGINX), {"exists": False})
    assert len(journal.records()) == 2, "the first original counts"


def test_journal_2(tmp_path):
    """Read a version that was edited by hand and replaced: it is not piwizard's."""
    put("journal-2.jsonl", tmp_path / "_machine/nginx/journal.jsonl")
    theirs = "2f1f1b0c6c1c1c0e6ad2a0b7c41b0c70a2a8d6e0f2f4b6a8c0e2f4a6b8c0d2e4"
    assert not Backups(tmp_path).wrote(NGINX, theirs)
    edited = [one for one in Journal(tmp_path, "nginx", None).records() if one["kind"] == "edited"]
    assert [one["before"]["sha256"] for one in edited] == [theirs]


def test_journal_of_a_newer_version_is_not_undone(tmp_path):
    path = tmp_path / "ours"
    path.write_text("ours")
    journal = Journal(tmp_path / "backups", "nginx", None)
    journal.writing(path, b"ours")
    journal.remember("hologram", "/dev/tomorrow", {})
    before = (journal.folder / "journal.jsonl").read_bytes()
    engine = Runner(tmp_path / "backups", State(tmp_path), Recorder(tmp_path / "run"))
    assert not engine.undo("nginx", None)
    assert "hologram" in engine.state.entry("nginx", None).summary
    assert "newer version of piwizard" in engine.state.entry("nginx", None).summary
    assert path.read_text() == "ours"
    assert (journal.folder / "journal.jsonl").read_bytes() == before


def test_secrets_1(tmp_path):
    file = put("secrets-1.json", tmp_path / "secrets.json")
    vault = SecretStore(tmp_path)
    kept = vault.resolve("myflask", {"app.env.SECRET_KEY": {"generate": 32}})
    assert kept == {"app.env.SECRET_KEY": "abcdefghijklmnopqrstuvwxyz012345"}
    assert vault.knows(None, "ddns.password")
    before = file.read_bytes()
    vault.save()
    assert file.read_bytes() == before


def test_attempts_1(tmp_path):
    (one,) = Attempts(put("attempts-1.json", tmp_path / "attempts.json")).read_all()
    assert (one.result, one.failed) == ("refused", ("songuuli2020.ddns.net",))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("secrets.json", lambda folder: SecretStore(folder).secrets()),
        ("attempts.json", lambda folder: Attempts(folder / "attempts.json").read_all()),
        ("state.json", State),
    ],
)
def test_secrets_and_attempts_of_a_newer_version_are_kept(tmp_path, name, read):
    file = tmp_path / name
    file.write_text(json.dumps({"version": 99, "more": []}))
    with pytest.raises(PiwizardError, match=f"{name} was written by a newer version of piwizard and was not changed"):
        read(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert json.loads(file.read_text()) == {"version": 99, "more": []}


def test_answers_1(own_places):
    put("answers-1.toml", paths.answers_file())
    wizard = workspace.planner(None)
    assert wizard.answers.of("myflask")["gunicorn.workers"] == 2
    assert wizard.answers.of("myflask")["app.env"]["SECRET_KEY"] == {"generate": 32}


def test_unknown_answers_of_a_newer_version_are_refused(own_places):
    file = put("answers-1.toml", paths.answers_file())
    file.write_text(file.read_text() + "hologram = true\n")
    before = file.read_bytes()
    with pytest.raises(PiwizardError, match=r"answers\.toml line 13: gunicorn\.hologram is unknown"):
        file_reader.parse(file_reader.read(file), all_questions())
    assert file.read_bytes() == before
