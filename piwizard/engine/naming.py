"""The names of runs, which sort by their age."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

NAME = re.compile(r"(?P<second>\d{8}T\d{6})-(?P<fraction>[0-9a-f]+)")


def following(latest: str | None, now: datetime | None = None) -> str:
    """A name that sorts after the latest one, also where the clock went back: a Pi without power has none."""
    moment = now or datetime.now(UTC)
    known = NAME.fullmatch(latest or "")
    if known:
        second = datetime.strptime(known["second"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        fraction = known["fraction"]
        # An earlier form had four digits in no order within their second.
        micros = int(fraction) if re.fullmatch(r"\d{6}", fraction) else 999_999
        moment = max(moment, second + timedelta(microseconds=micros + 1))
    return f"{moment:%Y%m%dT%H%M%S-%f}"
