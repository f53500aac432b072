"""Test what is read from a site's access log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from piwizard.nginx import access_log

NOW = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)


def line(address, ago, path="/", agent="curl"):
    at = (NOW - timedelta(minutes=ago)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{address} - - [{at}] "GET {path} HTTP/1.1" 200 12 "-" "{agent}"\n'


@pytest.fixture
def log(tmp_path):
    def write(*lines, name="photos.access.log"):
        (tmp_path / name).write_text("".join(lines))
        return tmp_path

    return write


def test_requests_are_counted_by_hour_over_the_rotated_file(log):
    log(line("8.8.8.8", 26 * 60), line("8.8.8.8", 23 * 60 + 30), name="photos.access.log.1")
    folder = log(line("192.168.1.5", 61), line("8.8.8.8", 10), line("127.0.0.1", 5), "no line of nginx\n")
    counts = access_log.requests_per_hour("photos", NOW, folder)
    assert len(counts) == 24
    assert {hour: count for hour, count in enumerate(counts) if count} == {0: 1, 22: 1, 23: 1}


def test_visit_from_the_internet_is_found(log):
    folder = log(line("8.8.8.8", 90), line("192.168.1.5", 20), line("1.1.1.1", 10, "/photos?page=2"))
    visit = access_log.visit_from_outside("photos", NOW - timedelta(hours=1), folder=folder)
    assert visit == access_log.Visit(NOW - timedelta(minutes=10), "/photos", public=True)


def test_own_address_and_the_certificate_authority_are_no_visitors(log):
    folder = log(line("1.2.3.4", 3), line("8.8.8.8", 2, "/.well-known/acme-challenge/abc"), line("fe80::1", 1))
    assert access_log.visit_from_outside("photos", NOW - timedelta(hours=1), own="1.2.3.4", folder=folder) is None


def test_secret_path_counts_from_any_address(log):
    folder = log(line("192.168.1.5", 2, "/visit-3f9a"))
    since = NOW - timedelta(hours=1)
    assert access_log.visit_from_outside("photos", since, once="/visit-3f9a", folder=folder)
    assert access_log.visit_from_outside("photos", since, once="/visit-other", folder=folder) is None


def test_only_the_end_of_a_long_file_is_read(log, monkeypatch):
    monkeypatch.setattr(access_log, "MAX_BYTES", 500)
    folder = log(*(line("8.8.8.8", 59) for _ in range(100)), line("8.8.8.8", 1))
    assert 0 < sum(access_log.requests_per_hour("photos", NOW, folder)) < 10


def test_link_is_not_followed(log, tmp_path):
    folder = log(line("8.8.8.8", 1), name="other")
    (tmp_path / "photos.access.log").symlink_to(tmp_path / "other")
    assert sum(access_log.requests_per_hour("photos", NOW, folder)) == 0
