"""How certbot is asked, and what is remembered of it; the gate lets everything pass here."""

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
    """Has certbot end as it is told: first the rehearsal, then the real thing."""

    def __init__(self, *ends: tuple[int, str]) -> None:
        self.ends, self.asked = list(ends), []

    def command(self, argv, **more):
        self.asked.append("rehearsal" if "--dry-run" in argv else "real")
        code, said = self.ends.pop(0)
        return Result(tuple(argv), code, "", said, (), 0.0)

    def say(self, text):
        pass


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "state_dir", lambda: tmp_path)
    monkeypatch.setattr("piwizard.tls.certificate_request.LOG", tmp_path / "letsencrypt.log")
    monkeypatch.setattr("piwizard.tls.lineage.LETSENCRYPT", tmp_path)
    monkeypatch.setattr(preflight, "first_trouble", lambda *given, **more: None)


@pytest.fixture
def attempts(tmp_path):
    return Attempts(tmp_path / "attempts.json")


def ask(*ends):
    work = Work(*ends)
    try:
        CertbotRequest("piwizard-blog", NAMES, None).make(work)
    except ChangeFailed as failed:
        return work.asked, failed
    return work.asked, None


def test_a_certificate(attempts):
    assert ask((0, ""), (0, "")) == (["rehearsal", "real"], None)
    assert [(one.server, one.result) for one in attempts.all()] == [(PRODUCTION, "issued")]


def test_a_rehearsal_that_fails_is_all_there_was(attempts):
    asked, failed = ask((1, "Connection refused"))
    assert (asked, attempts.all()) == (["rehearsal"], [])
    assert "cannot be reached" in failed.message


@pytest.mark.parametrize(("ends", "server"), [([(1, LIMITED)], STAGING), ([(0, ""), (1, LIMITED)], PRODUCTION)])
def test_neither_server_is_asked_before_the_time_that_it_has_told(attempts, ends, server):
    ask(*ends)
    assert [(one.server, one.result) for one in attempts.all()] == [(server, "refused")]
    asked, failed = ask()
    assert asked == []
    assert "before 2099-11-22 13:00 UTC" in failed.message


@pytest.mark.parametrize("code", [-9, 137])
def test_killed_in_the_middle_of_the_order_it_may_have_got_one(attempts, code):
    _, failed = ask((0, ""), (code, ""))
    assert "ended from outside" in failed.message
    assert [one.result for one in attempts.all()] == ["asked"]
