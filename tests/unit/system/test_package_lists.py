"""Test that a Pi that no longer hears of new packages is noticed, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from piwizard.steps import updates
from piwizard.steps.updates import check_installed, check_lists
from piwizard.system import package_lists

NOW = datetime(2029, 6, 1, 12, 0, tzinfo=UTC)
TABLE = """version,codename,series,created,release,eol,eol-lts,eol-elts
12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10,2028-06-30,2033-06-30
14,Forky,forky,2025-08-09
"""


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of apt's lists, which is empty."""
    monkeypatch.setattr(package_lists, "LISTS", tmp_path)
    monkeypatch.setattr(updates, "_up_days", lambda: 30.0)
    table = tmp_path / "debian.csv"
    table.write_text(TABLE)
    monkeypatch.setattr(package_lists, "RELEASES", table)
    return tmp_path


def add(folder: Path, name: str, at: datetime) -> None:
    date_line = format_datetime(at).replace("+0000", "UTC")
    (folder / name).write_text(
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nDate: {date_line}\n"
    )


def test_newest_list_of_all_servers_counts(lists: Path) -> None:
    add(lists, "deb.debian.org_debian_dists_bookworm_InRelease", NOW - timedelta(days=300))
    add(lists, "deb.debian.org_debian-security_dists_bookworm-security_InRelease", NOW - timedelta(days=3))
    assert package_lists.newest_list() == NOW - timedelta(days=3)
    assert check_lists("trixie", NOW).ok


@pytest.mark.parametrize(("codename", "cause"), [("bookworm", "ended on 2028-06-30"), ("forky", "its servers")])
def test_old_lists_are_a_problem_with_its_cause(lists: Path, codename: str, cause: str) -> None:
    add(lists, "deb.debian.org_debian-security_dists_x-security_InRelease", NOW - timedelta(days=46))
    found = check_lists(codename, NOW)
    assert not found.ok
    assert found.beyond
    assert cause in found.cause
    assert found.advice


def test_pi_that_was_off_for_months_has_two_days_to_catch_up(lists: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(lists, "deb.debian.org_debian_dists_x_InRelease", NOW - timedelta(days=200))
    stamp = lists / "stamp"
    stamp.touch()
    monkeypatch.setattr(package_lists, "STAMP", stamp)
    later = datetime.now(UTC) + timedelta(days=15)
    assert not check_lists("trixie", NOW).ok
    assert not check_installed(later).ok
    assert check_installed(later - timedelta(days=2)).ok
    monkeypatch.setattr(updates, "_up_days", lambda: 1.9)
    assert check_lists("trixie", NOW).ok
    assert check_installed(later).ok
    monkeypatch.setattr(package_lists, "STAMP", lists / "none")
    assert check_installed(later).ok


def test_lists_that_are_missing_or_damaged_are_no_problem(lists: Path) -> None:
    (lists / "x_InRelease").write_bytes(b"Date: yesterday\xff\n")
    assert package_lists.newest_list() is None
    assert check_lists("bookworm", NOW).ok
    assert package_lists.support_end("forky") is None
    assert package_lists.support_end("bookworm") == date(2028, 6, 30)
