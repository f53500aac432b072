"""Test certificate requests and their record; all preflight checks pass here."""

from __future__ import annotations

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.system import paths
from piwizard.system.commands import Result
from piwizard.tls import preflight
from piwizard.tls.certificate_request import PRODUCTION, STAGING, CertbotRequest
from piwizard.tls.rate_limits import Attempts

NAMES = ("blog.example.org",)
LIMITED = "too many certificates already issued, retry after 2099-11-22 13:00:00 UTC: see"


class Work:
    """Simulate certbot: `ends` are the exit codes and messages of its calls."""

    def __init__(self, *ends: tuple[int, str]) -> None:
        self.ends, self.calls = list(ends), []

    def command(self, argv, **more):
        self.calls.append("dry run" if "--dry-run" in argv else "real")
        code, message = self.ends.pop(0)
        return Result(tuple(argv), code, "", message, (), 0.0)

    def say(self, text):
        pass


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "state_dir", lambda: tmp_path)
    monkeypatch.setattr("piwizard.tls.certificate_request.LOG", tmp_path / "letsencrypt.log")
    monkeypatch.setattr("piwizard.tls.lineage.LETSENCRYPT", tmp_path)
    monkeypatch.setattr(preflight, "find_problem", lambda *given, **more: None)


@pytest.fixture
def attempts(tmp_path):
    return Attempts(tmp_path / "attempts.json")


def ask(*ends):
    work = Work(*ends)
    try:
        CertbotRequest("piwizard-blog", NAMES, None).make(work)
    except ChangeFailed as failed:
        return work.calls, failed
    return work.calls, None


def test_request_runs_a_dry_run_first(attempts):
    assert ask((0, ""), (0, "")) == (["dry run", "real"], None)
    assert [(one.server, one.result) for one in attempts.read_all()] == [(PRODUCTION, "issued")]


def test_failed_dry_run_stops_the_request(attempts):
    asked, failed = ask((1, "Connection refused"))
    assert (asked, attempts.read_all()) == (["dry run"], [])
    assert "cannot be reached" in failed.message


ELSEWHERE = preflight.PreflightProblem("It points to 104.21.3.7.", "Correct it.", certain=False)
FAILED = "  Domain: blog.example.org\n  Type: unauthorized\n  Detail: 104.21.3.7: Invalid response\n"


def test_dry_run_decides_where_a_name_points_elsewhere(attempts, monkeypatch):
    monkeypatch.setattr(preflight, "find_problem", lambda *given, **more: ELSEWHERE)
    assert ask((0, ""), (0, "")) == (["dry run", "real"], None)
    asked, failed = ask((1, FAILED))
    assert asked == ["dry run"]
    assert failed.message.startswith("It points to 104.21.3.7. The dry run failed too: ")
    assert failed.hint == "Correct it."


@pytest.mark.parametrize(("ends", "server"), [([(1, LIMITED)], STAGING), ([(0, ""), (1, LIMITED)], PRODUCTION)])
def test_request_waits_until_the_time_given_by_the_server(attempts, ends, server):
    ask(*ends)
    assert [(one.server, one.result) for one in attempts.read_all()] == [(server, "refused")]
    asked, failed = ask()
    assert asked == []
    assert "before 2099-11-22 13:00 UTC" in failed.message


@pytest.mark.parametrize("code", [-9, 137])
def test_request_of_a_killed_certbot_stays_recorded(attempts, code):
    _, failed = ask((0, ""), (code, ""))
    assert "was killed" in failed.message
    assert [one.result for one in attempts.read_all()] == ["asked"]
