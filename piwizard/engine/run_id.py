"""The names of runs, which sort by their age."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

NAME = re.compile(r"(\d{8}T\d{6})-([0-9a-f]+)")
SECOND = "%Y%m%dT%H%M%S"


def following(latest: str | None, now: datetime | None = None) -> str:
    """A name that sorts after the latest one, also where the clock went back: a Pi without power has none."""
    moment, before = now or datetime.now(UTC), _moment(latest or "")
    if before:
        moment = max(moment, before + timedelta(microseconds=1))
    return f"{moment:{SECOND}-%f}"


def _moment(name: str) -> datetime | None:
    """The last moment that a name stands for; None where it is no run's."""
    known = NAME.fullmatch(name)
    try:
        second = datetime.strptime(known[1], SECOND).replace(tzinfo=UTC) if known else None
    except ValueError:
        return None
    if known is None or second is None:
        return None
    # An earlier form had four digits in no order within their second.
    micros = int(known[2]) if re.fullmatch(r"\d{6}", known[2]) else 999_999
    return second + timedelta(microseconds=micros)
