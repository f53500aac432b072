"""Read from dpkg's log which packages were upgraded lately."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path

from piwizard.system.lazy_dataclass import dataclass

LOG = Path("/var/log/dpkg.log")
MAX_BYTES = 1 << 20
"""Bytes that are read, from the end of the log on."""
UPGRADE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) upgrade ([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9]+)? (\S+) (\S+)$")
"""A line of the log: local time, package, old and new version."""


@dataclass(frozen=True)
class Upgrade:
    """A package that was upgraded from one version to another."""

    at: str
    name: str
    old: str
    new: str

    @property
    def text(self) -> str:
        """Return it in words: "nginx 1.26.3-2 → 1.26.3-3"."""
        return f"{self.name} {self.old} → {self.new}"


def parse_upgrades(log: str) -> list[Upgrade]:
    """Return the upgrades in a log, the oldest first."""
    return [Upgrade(*found.groups()) for line in log.splitlines() if (found := UPGRADE.match(line))]


def recent_upgrades(within: timedelta, now: datetime | None = None) -> list[Upgrade]:
    """Return the upgrades of the last time; none without a log."""
    since = f"{(now or datetime.now()) - within:%Y-%m-%d %H:%M:%S}"
    try:
        with LOG.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MAX_BYTES))
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    return [one for one in parse_upgrades(text) if one.at >= since]
