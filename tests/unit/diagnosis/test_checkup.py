"""Test the order of a checkup, steps that are not done, and HTTPS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from piwizard.answers import file_reader
from piwizard.diagnosis import checkup, doctor, served_https
from piwizard.diagnosis.checkup import Checkup
from piwizard.diagnosis.doctor import Examination
from piwizard.errors import PiwizardError
from piwizard.network.internet_time import ClockReading
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance, all_questions, step_named
from piwizard.system.certificates import X509Info
from piwizard.system.checks import Check
from piwizard.system.facts import PortOwner
from piwizard.tls.grade import Observed, Suite

ANSWERS = '[site]\nname = "blog"\ndomains = ["blog.lan"]\n[app]\nrepo = "/srv/git/a"\n'
SEEN = Observed(("TLS 1.2", "TLS 1.3"), (Suite("TLS_AES_256_GCM_SHA384", 256, True, True),), "EC", 256, hsts=63072000)


@pytest.fixture
def clocks(monkeypatch):
    """Set how far the Internet's clock is ahead."""

    def go(ahead):
        now = datetime(2026, 1, 1, tzinfo=UTC)
        monkeypatch.setattr(checkup, "read_clock", lambda: ClockReading(now, now + ahead))

    go(timedelta(seconds=1))
    return go


@pytest.fixture
def check_up(own_places, clocks, monkeypatch):
    """Return the findings if these steps are done and have these checks."""

    def go(text=ANSWERS, done=(), checks=lambda place: (), port="nginx"):
        planner, state = Planner(file_reader.parse(text, all_questions()), workspace.secret_store()), workspace.state()
        owner = PortOwner(80, port.title(), port, 712, f"{port}.service", None, guessed=False)
        planner.context.__dict__["facts"] = SimpleNamespace(
            port=lambda number: owner, clock=SimpleNamespace(by="chrony"), network=SimpleNamespace(interfaces=())
        )
        monkeypatch.setattr(planner, "checks", checks)
        for step in done:
            state.mark(step, None if step in ("system", "nginx") else "blog", "done", "run-1")
        return Checkup(planner, state).findings()

    return go


def test_step_is_named_by_its_title(check_up):
    certbot = StepInstance(step_named("certbot"), "blog")
    assert doctor._step(certbot, ok=True, detail="").name == "Certificate in sync"
    found = {one.step: one.name for one in check_up(ANSWERS) if one.id == "step-in-sync"}
    assert (found["nginx"], found["app"]) == ("nginx set up", "App set up")


def test_checkup_without_a_site(check_up):
    assert [(one.id, one.ok) for one in check_up("")] == [("site-set-up", False)]


def test_unfinished_step_fails(check_up):
    workspace.state().mark("nginx", None, "failed", "run-1")
    disk = Check("disk-space", "Free disk space", True, "9 MiB")
    found = {one.subject or one.id: one for one in check_up(done=["system"], checks=lambda place: [disk])}
    assert found["disk-space"].ok
    assert (found["nginx"].ok, found["app"].detail) == (False, "not set up yet")
    assert found["app"].advice == "Run `piwizard apply app`."
    assert "ssl-labs-grade" not in found, "there is no site yet"


def test_declined_step_that_never_ran_is_no_finding(check_up, own_places, monkeypatch):
    monkeypatch.setattr(checkup.served_pages, "check_pages", lambda *given, **named: [])
    text = ANSWERS + '[dhparam]\nway = "none"\n[tls]\nhttps = false\n'
    done = ["system", "nginx", "app", "gunicorn", "site"]
    assert {one.step for one in check_up(text, done)} == {one.step for one in check_up(done=done)}
    planner = Planner(file_reader.parse(text, all_questions()), workspace.secret_store())
    examined = Examination(planner, workspace.state(), workspace.backups())
    assert not {one.step for site in (None, "blog") for one in examined._steps(site)} & {
        "dhparam",
        "certbot",
        "renewal",
    }
    workspace.state().mark("dhparam", None, "failed", "run-1")
    assert "dhparam" in {one.step for one in check_up(text, done)}, "a run may have left something"


def test_site_over_http_has_no_grade(check_up, monkeypatch):
    monkeypatch.setattr(checkup.served_pages, "check_pages", lambda *given, **named: [])
    found = check_up(done=["system", "nginx", "app", "gunicorn", "site"])
    assert [one.id for one in found] == ["port-served", "ssl-labs-grade", "clock-correct"]
    assert all(one.ok for one in found)
    assert "HTTPS needs a domain" in found[1].detail


def test_error_of_a_step_is_a_finding(check_up):
    def checks(place):
        raise PiwizardError("The code is gone.", hint="Get it back.")

    found = {one.id: one for one in check_up(done=["system"], checks=checks) if one.subject == "system"}
    assert (found["step-in-sync"].detail, found["step-in-sync"].advice) == ("The code is gone.", "Get it back.")


def test_other_server_and_wrong_clock_are_reported(check_up, clocks):
    clocks(timedelta(days=366))
    found = {one.id: one for one in check_up(port="caddy")}
    assert (found["port-served"].ok, found["port-served"].detail) == (False, "not nginx, but Caddy")
    assert (found["clock-correct"].ok, found["clock-correct"].detail) == (
        False,
        "the clock shows 2026-01-01 00:00 UTC, but it is 2027-01-02 00:00 UTC",
    )


def test_correct_https_passes():
    served = X509Info(frozenset({"a.example"}), datetime.now(UTC) + timedelta(days=80, hours=1), "x")
    found = {one.id: one for one in served_https.judge_https("blog", SEEN, served)}
    assert all(one.ok for one in found.values())
    assert "(80 days)" in found["certificate-chain-trusted"].detail
    assert found["ssl-labs-grade"].detail.startswith("A+ expected at SSL Labs: TLS 1.3")


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({"untrusted": "certificate has expired"}, ["certificate-chain-trusted", "ssl-labs-grade"]),
        ({"mismatched": "www.a.example"}, ["certificate-chain-trusted", "ssl-labs-grade"]),
        ({"protocols": ("TLS 1.1", "TLS 1.2", "TLS 1.3")}, ["tls-protocols", "ssl-labs-grade"]),
        ({"suites": (*SEEN.suites, Suite("AES128-SHA", 128, False, False))}, ["cipher-suites"]),
        ({"hsts": None}, []),
    ],
)
def test_wrong_https_fails(changes, bad):
    found = list(served_https.judge_https("blog", replace(SEEN, **changes), None))
    assert [one.id for one in found if not one.ok] == bad
    assert all(one.advice for one in found if not one.ok)
