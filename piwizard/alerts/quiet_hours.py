"""Tell whether a time is in the quiet hours, such as "22:00-07:00"."""

from __future__ import annotations

import re
from datetime import datetime, time

from piwizard.system.lazy_dataclass import dataclass

PATTERN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class QuietHours:
    """A time of the day without messages, in local time. It may span midnight."""

    begin: time
    end: time

    def contain(self, moment: datetime) -> bool:
        """Return whether a moment of local time is in them."""
        now = moment.time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def parse_quiet_hours(text: str) -> QuietHours | None:
    """Return the quiet hours of a text; None if it is not one."""
    found = PATTERN.fullmatch(text)
    if found is None:
        return None
    hours = QuietHours(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))
    return hours if hours.begin != hours.end else None
