"""Translate the times of cron into times of app.schedule."""

from __future__ import annotations

import re

WORDS = {
    "@hourly": "hourly", "@daily": "daily", "@midnight": "daily", "@weekly": "weekly", "@monthly": "monthly",
    "@yearly": "yearly", "@annually": "yearly",
}  # fmt: skip
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_WORDS = {
    "": "daily", "Mon": "monday", "Tue": "tuesday", "Wed": "wednesday", "Thu": "thursday", "Fri": "friday",
    "Sat": "saturday", "Sun": "sunday", "Mon..Fri": "weekdays", "Sat,Sun": "weekends",
}  # fmt: skip
ITEM = re.compile(r"(\*|\d{1,2}(?:-\d{1,2})?)(?:/(\d{1,2}))?")
LIMITS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12)}
FIELDS = 5


def schedule_time(fields: list[str]) -> str | None:
    """Return the time of a line of cron; None if app.schedule has no such time.

    cron runs a command on each day that fits either of two limits, systemd only on days that fit both.
    """
    if len(fields) == 1:
        return WORDS.get(fields[0])
    if len(fields) != FIELDS or (fields[2] != "*" and fields[4] != "*"):
        return None
    minute, hour, day = (_items(text, kind) for text, kind in zip(fields, ("minute", "hour", "day"), strict=False))
    month = _items(_numbered(fields[3]), "month")
    weekdays = _weekdays(fields[4])
    if None in (minute, hour, day, month, weekdays):
        return None
    date = "*" if (day, month) == ("*", "*") else f"{month}-{day}"
    if date == "*" and weekdays in DAY_WORDS and str(minute).isdigit() and str(hour).isdigit():
        return f"{DAY_WORDS[weekdays]} {int(str(hour)):02}:{int(str(minute)):02}"
    if date == "*" and not weekdays and (plain := _interval(str(minute), str(hour))):
        return plain
    return f"{weekdays} *-{'*-*' if date == '*' else date} {hour}:{minute}:00".strip()


def _interval(minute: str, hour: str) -> str | None:
    """Return the words for a time that repeats in equal steps."""
    if (minute, hour) == ("0", "*"):
        return "hourly"
    if hour == "*" and (minute == "*" or _divides(minute, 60)):
        return "every minute" if minute == "*" else f"every {minute.removeprefix('0/')} minutes"
    if minute == "0" and _divides(hour, 24):
        return f"every {hour.removeprefix('0/')} hours"
    return None


def _divides(item: str, whole: int) -> bool:
    step = item.removeprefix("0/")
    return item.startswith("0/") and step.isdigit() and 1 < int(step) < whole and whole % int(step) == 0


def _items(text: str, kind: str) -> str | None:
    """Return the values of one field in systemd's form; None if it has others."""
    low, high = LIMITS[kind]
    found = []
    for part in text.split(","):
        item = ITEM.fullmatch(part)
        if not item or not all(low <= int(number) <= high for number in re.findall(r"\d+", item[1])):
            return None
        if item[2]:
            if int(item[2]) < 1:
                return None
            start = str(low) if item[1] == "*" else item[1].replace("-", "..")
            found.append("*" if (item[1], item[2]) == ("*", "1") else f"{start}/{int(item[2])}")
        else:
            found.append(item[1].replace("-", ".."))
    return ",".join(found)


def _numbered(text: str) -> str:
    return re.sub(
        r"[a-z]{3}", lambda name: str(MONTHS.index(name[0]) + 1) if name[0] in MONTHS else name[0], text.lower()
    )


def _weekdays(text: str) -> str | None:
    """Return the days of a week in systemd's form; "" for all of them."""
    if text == "*":
        return ""
    names = {name.lower(): name for name in DAYS}
    found = []
    for part in text.split(","):
        ends = [DAYS[int(one)] if one.isdigit() and int(one) < len(DAYS) else names.get(one.lower())
                for one in part.split("-")]  # fmt: skip
        if None in ends or len(ends) > 2:
            return None
        found.append("..".join(map(str, ends)))
    return ",".join(found)
