"""Test that lines fit their width: wrapped below their own words, or shortened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from rich.segment import Segment

from piwizard.screens.home.app_journal import shortened
from piwizard.screens.home.done_page import done_text
from piwizard.screens.home.overview_text import host_detail, second_address, site_detail, site_row
from piwizard.screens.home.site_list import SiteList
from piwizard.screens.setup.review_page import OTHER_SITES, _promises
from piwizard.screens.setup.your_app_page import found_text
from piwizard.screens.widgets.fitted_text import hanging
from piwizard.setup.app_findings import AppFinding
from tests.unit.screens.test_home_pages import HOST, SITES

WARNING = "In your home network, http://raspberrypi.local/ and this Pi's local IP show the site photos, over HTTP."


def lines_of(text, columns):
    """Return the lines of a text, which fit."""
    lines = text.plain.splitlines()
    assert all(len(line) <= columns for line in lines), lines
    return lines


def test_further_lines_stand_below_the_first():
    assert hanging("one two three four five", 22, 2) == "one two three four\n  five"


@pytest.mark.parametrize("columns", [40, 46, 76])
def test_result_wraps_below_itself(columns):
    lines = lines_of(done_text(SITES[0], "A", False, columns), columns)
    after = lines[next(number for number, line in enumerate(lines) if "Waiting for a visit" in line) + 1]
    assert not after.strip() or after.startswith(("  ", "At home"))


def test_local_ip_is_beside_the_name_of_a_site_for_the_home_network():
    now = datetime.now(UTC)
    assert site_detail(SITES[1], "", now, 78).plain.startswith(" hello   http://192.168.1.197  ")
    assert "\n http://raspberrypi.local, http://192.168.1.197\n" in site_detail(SITES[1], "", now, 58).plain
    both = replace(SITES[0], home_addresses=("http://192.168.1.197",))
    assert second_address(both) == "at home http://192.168.1.197"
    assert second_address(SITES[0]) == ""


def test_promises_name_other_sites_only_if_there_are_some():
    review = SimpleNamespace(warnings=(WARNING,), later=(), missing=(), proposal=SimpleNamespace(left_out=()))
    lines = lines_of(_promises(review, False, 76), 76)
    assert lines[2].startswith("  show the site")
    assert OTHER_SITES not in "\n".join(lines)
    assert OTHER_SITES in _promises(review, True, 76).plain


@pytest.mark.parametrize(("columns", "indent"), [(76, 39), (54, 18)])
def test_note_about_a_finding_wraps_below_itself(columns, indent):
    note = "kept when you deploy a new version; app.py, line 38"
    found = AppFinding("Writes to", "result.json", note)
    lines = lines_of(found_text([found], columns), columns)
    assert lines[-1].startswith(" " * indent)
    assert lines[-1][indent] != " "


def test_health_wraps_between_its_parts():
    shown = host_detail(replace(HOST, clock_correct=False, undervoltage=True), 80)
    lines = lines_of(shown, 80)
    assert "power supply too weak" in shown.plain
    assert any(line.startswith(" " * 14) for line in lines)


def test_long_address_loses_its_scheme_then_its_end():
    sites = SiteList()
    site = replace(SITES[0], addresses=("https://photos-at-our-home.duckdns.org/",))
    rows = [site_row(site, datetime.now(UTC))]
    sites.rows = tuple(rows)

    def shown(columns):
        type(sites).room = property(lambda self: columns)
        try:
            return "".join(segment.text for segment in sites.row(0) if isinstance(segment, Segment))
        finally:
            del type(sites).room

    assert "https://photos-at-our-home.duckdns.org " in shown(100)
    assert " photos-at-our-home.duckdns.org " in shown(82)
    assert "photos-at-our-home.duckdns… " in shown(76)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "2026-11-30T15:59:04+00:00 gunicorn[2312]: [2026-11-30 15:59:04 +0000] [2312] [INFO] Booting worker",
            "11-30 15:59:04 [INFO] Booting worker",
        ),
        ("2026-11-30T15:59:03+00:00 systemd[1]: Started photos.service", "11-30 15:59:03 Started photos.service"),
        ("  a line of the app's own", "  a line of the app's own"),
    ],
)
def test_line_of_a_log_begins_with_its_time_and_message(line, words):
    assert shortened(line) == words
