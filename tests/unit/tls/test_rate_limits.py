"""Test the rate limits of Let's Encrypt, with the record on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from piwizard.tls.rate_limits import Attempts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LE = "https://acme-v02.api.letsencrypt.org/directory"
NAMES = ("a.example", "www.a.example")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "attempts.json"


@pytest.fixture
def known(file):
    return Attempts(file)


def failed(known, times, at=NOW, names=NAMES):
    for number in range(times):
        begun = known.begin(LE, names, at + timedelta(minutes=number))
        known.end(begun, "refused", names[:1])


def test_wait_is_none_without_requests(known):
    assert known.wait(LE, NAMES, NOW) is None


def test_wait_after_five_failures_within_an_hour(known, file):
    failed(known, 4)
    assert known.wait(LE, NAMES, NOW + timedelta(minutes=10)) is None
    failed(known, 1, NOW + timedelta(minutes=4))
    wait = Attempts(file).wait(LE, NAMES, NOW + timedelta(minutes=10))
    assert wait.until == NOW + timedelta(hours=1)
    assert "the validation of a.example failed 5 times" in wait.reason
    assert known.wait(LE, ("a.example", "c.example"), NOW + timedelta(minutes=10)), "each domain counts"
    assert known.wait(LE, ("www.a.example",), NOW + timedelta(minutes=10)) is None, "this one did not fail"
    assert known.wait("https://acme.lan/dir", NAMES, NOW + timedelta(minutes=10)) is None
    assert known.wait(LE, NAMES, NOW + timedelta(hours=1)) is None


def test_wait_after_five_certificates_for_the_same_domains(known):
    for day in range(5):
        known.end(known.begin(LE, NAMES, NOW + timedelta(days=day)), "issued")
    later = NOW + timedelta(days=5)
    assert known.wait(LE, reversed(NAMES), later).until == NOW + timedelta(days=7)
    assert known.wait(LE, NAMES[:1], later) is None
    assert known.wait(LE, NAMES, NOW + timedelta(days=7)) is None


def test_wait_ignores_times_of_a_clock_that_was_ahead(known):
    failed(known, 5, NOW + timedelta(days=365))
    assert known.wait(LE, NAMES, NOW) is None


def test_wait_counts_interrupted_requests_as_failed_and_issued(known):
    for number in range(5):
        known.begin(LE, NAMES, NOW + timedelta(minutes=number))
    assert known.wait(LE, NAMES, NOW + timedelta(minutes=5)).until == NOW + timedelta(days=7)
    assert "validation of" in known.wait(LE, (*NAMES, "c.example"), NOW + timedelta(minutes=5)).reason


def test_wait_until_the_servers_time_survives_a_restart(known, file):
    until = NOW + timedelta(hours=30)
    known.end(known.begin(LE, NAMES, NOW), "refused", retry_at=until)
    assert Attempts(file).wait(LE, NAMES[1:], NOW + timedelta(hours=29)).until == until
    assert Attempts(file).wait(LE, ("c.example",), NOW + timedelta(hours=29)) is None
    assert Attempts(file).wait(LE, NAMES, until) is None


def test_requests_older_than_a_month_are_deleted(known):
    failed(known, 3, NOW - timedelta(days=40))
    known.begin(LE, NAMES, NOW)
    assert len(known.read_all()) == 1


WITHOUT_ZONE = '[{"at": "2026-11-22T12:00:00", "server": "s", "names": [], "result": "asked"}]'


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"at": "x"}]', WITHOUT_ZONE])
def test_unreadable_file_is_renamed(known, file, content):
    file.parent.mkdir()
    file.write_text(content)
    assert known.wait(LE, NAMES, NOW) is None
    assert file.with_suffix(".unreadable").read_text() == content
    known.begin(LE, NAMES, NOW)
    assert len(known.read_all()) == 1
