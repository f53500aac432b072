"""Test the lines of `piwizard status`, which come from what is saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from piwizard.cli import overview_lines
from piwizard.setup import health, site_overview, workspace
from piwizard.setup.site_overview import HomeOverview, HostOverview, SiteOverview
from piwizard.system import paths


@pytest.fixture
def served(own_places: Path) -> None:
    """Record a site that is served, and what the last check found."""
    file = paths.answers_file()
    file.parent.mkdir(parents=True)
    file.write_text('[site]\nname = "photos"\ndomains = ["photos.example.org"]\n[tls]\nhttps = true\n')
    state = workspace.state()
    for step, site in (("system", None), ("nginx", None), *((step, "photos") for step in ("app", "gunicorn", "site"))):
        state.mark(step, site, "done", "20260101T000000-abcd", "")
    checked = (datetime.now(UTC) - timedelta(minutes=4)).isoformat(timespec="seconds")
    host = HostOverview(("photos.example.org", "192.168.1.1"), True, 48.0, 1229, 4096, 37 * 1024, 58 * 1024, True)
    site_overview.save(HomeOverview((SiteOverview("photos", "online", certificate_days=89),), host, (), checked))


@pytest.mark.usefixtures("served")
def test_status_is_one_line_a_site_from_what_is_saved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "inspect", lambda *given, **options: pytest.fail("looks at the machine"))
    assert overview_lines.show_overview(None, check=False) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split() == ["photos", "✓", "online", "https://photos.example.org", *WHEN, "89", "days"]
    assert "This Pi   photos.example.org → 192.168.1.1   48 °C   memory 1.2 of 4.0 GB   disk 21 of 58 GB\n" in said
    assert "Checked 4 minutes ago. `piwizard status --check` checks again.\n" in said


WHEN = ("just", "now", "HTTPS")


@pytest.mark.usefixtures("served")
def test_setup_that_waited_for_a_restart_is_stopped_and_says_how_to_continue(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.state().mark("app", "photos", "interrupted", "20260101T000000-abcd", "")
    monkeypatch.setattr(site_overview, "was_restarted", lambda: True)
    assert overview_lines.show_overview(None, check=False) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split()[:3] == ["photos", "!", "stopped"]
    assert "! photos: the Pi was restarted. The installation can continue. Run `piwizard apply`.\n" in said


def test_status_without_a_site_says_how_to_begin(own_places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert overview_lines.show_overview(None, check=False) == 0
    assert "Run `piwizard` to set up the first one." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (5, "just now"),
        (61, "1 minute"),
        (7300, "2 hours"),
        (90000, "1 day"),
        (9 * 86400, "9 days"),
        (30 * 86400, "4 weeks"),
    ],
)
def test_age_is_rounded_to_one_unit(seconds: int, age: str) -> None:
    at = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    assert overview_lines.describe_age(at) == age


@pytest.mark.parametrize("at", ["", "yesterday"])
def test_unknown_time_has_no_age(at: str) -> None:
    assert overview_lines.describe_age(at) == ""
