"""Translate times such as "daily 03:00" for systemd's timers, and check them."""

from __future__ import annotations

import re

from piwizard.system import commands

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_NAMES = {
    **{day.lower(): day for day in DAYS},
    "monday": "Mon",
    "tuesday": "Tue",
    "wednesday": "Wed",
    "thursday": "Thu",
    "friday": "Fri",
    "saturday": "Sat",
    "sunday": "Sun",
    "weekdays": "Mon..Fri",
    "weekends": "Sat,Sun",
    "daily": "",
}
PERIODS = ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly", "annually")
"""The words that systemd has for whole expressions."""
DAY_AND_TIME = re.compile(r"([a-z]+) ([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
INTERVAL = re.compile(r"every (?:(\d{1,2}) )?(second|minute|hour)s?")
INTERVAL_LIMITS = {"second": 60, "minute": 60, "hour": 24}
CALENDAR_CHARACTERS = re.compile(r"[A-Za-z0-9*,./:~ +_-]{1,100}")


def _list_of(number: str) -> str:
    """Return the pattern of numbers, ranges and steps: "1..7", "0/10", "1,15"."""
    one = rf"(?:\*|{number}(?:\.\.{number})?)(?:/\d{{1,2}})?"
    return rf"{one}(?:,{one})*"


_DAY_LIST = rf"(?:{'|'.join(DAYS)})"
_NUMBER, _HOUR, _SIXTIETH = _list_of(r"\d{1,4}"), _list_of(r"(?:[01]?\d|2[0-3])"), _list_of(r"[0-5]?\d")
CALENDAR_FORM = re.compile(
    rf"(?:{_DAY_LIST}(?:(?:\.\.|,){_DAY_LIST})* ?)?"
    rf"(?:(?:{_NUMBER}-)?{_NUMBER}[-~]{_NUMBER} ?)?"
    rf"(?:{_HOUR}:{_SIXTIETH}(?::{_SIXTIETH})?)?",
    re.IGNORECASE,
)
"""systemd's own form, for machines that cannot ask systemd."""


def to_calendar(text: str) -> str:
    """Return a time in systemd's form: "daily 03:00" becomes "*-*-* 03:00:00".

    Other texts are returned as they are. ValueError says why an interval is not possible.
    """
    words = " ".join(text.lower().split())
    if found := DAY_AND_TIME.fullmatch(words):
        day, hour, minute, second = found.groups()
        if day in DAY_NAMES:
            return f"{DAY_NAMES[day]} *-*-* {int(hour):02}:{minute}:{second or '00'}".strip()
    if found := INTERVAL.fullmatch(words):
        return _interval(int(found[1] or 1), found[2])
    return words if words in PERIODS else " ".join(text.split())


def _interval(number: int, unit: str) -> str:
    whole = INTERVAL_LIMITS[unit]
    if not 0 < number < whole or whole % number:
        fitting = ", ".join(str(one) for one in range(1, whole) if whole % one == 0)
        raise ValueError(f"repeats every {number} {unit}s; possible are {fitting}")
    step = "*" if number == 1 else f"0/{number}"
    return {"second": f"*-*-* *:*:{step}", "minute": f"*-*-* *:{step}:00", "hour": f"*-*-* {step}:00:00"}[unit]


def is_calendar(expression: str) -> bool:
    """Return whether systemd accepts an expression.

    Without systemd, return whether its form is right.
    """
    if not CALENDAR_CHARACTERS.fullmatch(expression):
        return False
    if commands.which("systemd-analyze"):
        return commands.run(("systemd-analyze", "calendar", "--", expression), timeout=10).ok
    return expression in PERIODS or bool(expression and CALENDAR_FORM.fullmatch(expression))
