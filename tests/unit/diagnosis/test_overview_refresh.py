"""Test the check of all sites for the overview, and that only one runs at a time."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader
from piwizard.diagnosis import overview_refresh
from piwizard.setup import site_overview, workspace
from piwizard.setup.planner import Planner
from piwizard.setup.site_form import RequiredAnswer, SiteForm
from piwizard.steps.registry import all_questions
from piwizard.system import checks, commands, facts, file_lock, paths
from piwizard.system.commands import Result
from piwizard.system.facts import gather
from piwizard.system.http_client import HttpResponse
from tests.recorded_machine import RecordedSource
from tests.unit.setup.conftest import SAMPLE

ANSWERS = '[site]\nname = "photos"\ndomains = ["raspberrypi.local"]\n[app]\nrepo = "https://github.com/me/photos"\n'


@pytest.fixture
def machine(own_places, monkeypatch):
    """Return planner and state of a machine with one site that is set up and answers."""
    recorded = gather(RecordedSource(SAMPLE))
    monkeypatch.setattr(facts, "gather", lambda: recorded)
    monkeypatch.setattr(commands, "run", lambda argv, **_: Result(argv, 1, "", "", (), 0.0))
    monkeypatch.setattr(checks, "get_page", lambda *_, **__: HttpResponse(200, {}, b""))
    state = workspace.state()
    for step in ("app", "gunicorn", "site"):
        state.mark(step, "photos", "done", "20250101T000000-0000")
    return Planner(file_reader.parse(ANSWERS, all_questions()), workspace.secret_store()), state


def test_check_is_saved_for_the_next_start(machine):
    found = overview_refresh.refresh(*machine)
    assert found.checked_at
    assert found.site("photos").state == "online"
    assert found.site("photos").page_status == 200
    assert site_overview.saved(*machine) == found


def test_local_ip_is_an_address_of_the_site_and_known_at_the_next_start(machine):
    found = overview_refresh.refresh(*machine)
    assert found.host.local_ip == "192.168.1.197"
    assert found.site("photos").home_addresses == ("http://raspberrypi.local", "http://192.168.1.197")
    assert site_overview.saved(*machine).site("photos").home_addresses[-1] == "http://192.168.1.197"


def test_new_local_ip_replaces_the_saved_one(machine, monkeypatch):
    monkeypatch.setattr(site_overview, "_load", lambda: {"host": {"local_ip": "192.168.1.7"}})
    assert site_overview.saved(*machine).site("photos").home_addresses[-1] == "http://192.168.1.7"
    assert overview_refresh.refresh(*machine).site("photos").home_addresses[-1] == "http://192.168.1.197"


def test_site_that_does_not_answer_needs_attention(machine, monkeypatch):
    monkeypatch.setattr(checks, "get_page", lambda *_, **__: None)
    found = overview_refresh.refresh(*machine)
    assert found.site("photos").state == "problem"
    assert [(one.action, one.site) for one in found.attention] == [("check", "photos")]


def test_site_that_waits_for_answers_names_one_at_every_check(own_places, monkeypatch):
    recorded = gather(RecordedSource(SAMPLE))
    monkeypatch.setattr(facts, "gather", lambda: recorded)
    unnamed = ANSWERS.replace('domains = ["raspberrypi.local"]\n', "")
    planner = Planner(file_reader.parse(unnamed, all_questions()), workspace.secret_store())
    monkeypatch.setattr(SiteForm, "missing", lambda self: (RequiredAnswer("site.domains", "Name", None, "photos"),))
    for _ in range(2):
        found = overview_refresh.refresh(planner, workspace.state())
        assert found.site("photos").state == "waiting"
        assert [(one.action, one.key) for one in found.attention] == [("answer", "site.domains")]


def test_only_one_process_checks_at_a_time(machine, monkeypatch):
    def refuse(*_):
        raise AssertionError("a second check ran")

    monkeypatch.setattr(overview_refresh, "_checked", refuse)
    with file_lock.exclusive(paths.state_dir() / "overview", temporary=True):
        assert overview_refresh.refresh(*machine).checked_at == ""


def test_unreadable_or_newer_file_counts_as_no_check(machine):
    paths.state_dir().mkdir(parents=True, exist_ok=True)
    for content in ("no JSON", '{"version": 99, "checked_at": "x"}', "[]"):
        (paths.state_dir() / "overview.json").write_text(content)
        assert site_overview.saved(*machine).checked_at == ""


def test_waiting_commit_has_its_subject_which_is_fetched_once(machine, monkeypatch):
    fetched = []
    monkeypatch.setattr(overview_refresh, "newest_commit", lambda access, ref: "8f2c1aa" + "0" * 33)
    monkeypatch.setattr(site_overview, "_release", lambda site: {"commit": "5406c3a" + "0" * 33})
    monkeypatch.setattr(overview_refresh, "fetch_subject", lambda access, ref: fetched.append(ref) or "Resize images")
    for _ in range(2):
        found = overview_refresh.refresh(*machine).site("photos")
        assert (found.new_commit, found.new_commit_subject) == ("8f2c1aa", "Resize images")
    assert len(fetched) == 1


def test_next_renewal_is_a_moment(machine, monkeypatch):
    def run(argv, **_):
        return Result(argv, 0 if "certbot.timer" in argv else 1, "@1767237120\n", "", (), 0.0)

    monkeypatch.setattr(commands, "run", run)
    assert overview_refresh.refresh(*machine).host.next_renewal == "2026-01-01T03:12:00+00:00"
