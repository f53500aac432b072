"""Times for people, in systemd's form."""

from __future__ import annotations

import pytest

from piwizard.system import calendar_times, commands
from piwizard.system.calendar_times import is_calendar, to_calendar

PLAIN = [
    ("daily 03:00", "*-*-* 03:00:00"),
    ("Daily 3:05", "*-*-* 03:05:00"),
    ("monday 08:00", "Mon *-*-* 08:00:00"),
    ("weekdays 07:30:15", "Mon..Fri *-*-* 07:30:15"),
    ("weekends 9:00", "Sat,Sun *-*-* 09:00:00"),
    ("every 10 minutes", "*-*-* *:0/10:00"),
    ("every minute", "*-*-* *:*:00"),
    ("every 30 seconds", "*-*-* *:*:0/30"),
    ("every 6 hours", "*-*-* 0/6:00:00"),
    ("every hour", "*-*-* *:00:00"),
    ("Hourly", "hourly"),
    ("Mon,Wed *-*-1..7 12:00", "Mon,Wed *-*-1..7 12:00"),
]
WRONG = [
    "",
    "sometimes",
    "daily 25:00",
    "*-*-* 25:99",
    "monday",
    "every now",
    "-x",
    "--help",
    "03:00; reboot",
    "a" * 200,
]


@pytest.mark.parametrize(("text", "calendar"), PLAIN)
def test_plain_time_is_translated(text, calendar):
    assert to_calendar(text) == calendar


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("calendar", [calendar for _, calendar in PLAIN])
def test_times_are_accepted_with_and_without_systemd(monkeypatch, calendar, asked):
    if not asked:
        monkeypatch.setattr(calendar_times.commands, "which", lambda program: None)
    elif commands.which("systemd-analyze") is None:
        pytest.skip("this machine has no systemd")
    assert is_calendar(calendar)


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("text", [one for one in WRONG if one != "monday"])
def test_other_texts_are_refused(monkeypatch, text, asked):
    if not asked:
        monkeypatch.setattr(calendar_times.commands, "which", lambda program: None)
    assert not is_calendar(to_calendar(text))


@pytest.mark.parametrize("text", ["every 7 minutes", "every 0 hours", "every 60 seconds", "every 5 hours"])
def test_interval_that_does_not_fit_is_refused(text):
    with pytest.raises(ValueError, match="possible are 1, 2, 3"):
        to_calendar(text)
