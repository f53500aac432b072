"""Read the age of apt's lists of packages, and when Debian's support ends."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from piwizard.system import files

LISTS = Path("/var/lib/apt/lists")
RELEASES = Path("/usr/share/distro-info/debian.csv")
"""Debian's own table, from the package distro-info-data."""
DATE = re.compile(rb"^Date: ([^\r\n]{1,60})", re.MULTILINE)
MAX_HEAD = 4096
STAMP = Path("/var/lib/apt/periodic/unattended-upgrades-stamp")
"""unattended-upgrades touches it at its end."""


def newest_list() -> datetime | None:
    """Return when a server last made one of the lists; None if there is none.

    Debian's security server makes its list again every week at least, whether anything is new or not. So the date is
    old if no server is reached, or no server has anything for this release any longer.
    """
    dates = [found for path in LISTS.glob("*Release") if (found := _date(path))]
    return max(dates, default=None)


def last_installation() -> datetime | None:
    """Return when unattended-upgrades last ended; None if it never has."""
    try:
        return datetime.fromtimestamp(STAMP.stat().st_mtime, UTC)
    except OSError:
        return None


def support_end(codename: str) -> date | None:
    """Return the last day of Debian's long-term support of a release.

    None if it is unknown.
    """
    rows = csv.DictReader((files.read(RELEASES) or b"").decode("utf-8", "replace").splitlines())
    row = next((one for one in rows if one.get("series") == codename), {})
    try:
        return date.fromisoformat(row.get("eol-lts") or row.get("eol") or "")
    except ValueError:
        return None


def _date(path: Path) -> datetime | None:
    try:
        with path.open("rb") as file:
            found = DATE.search(file.read(MAX_HEAD))
        at = parsedate_to_datetime(found[1].decode("ascii")) if found else None
    except (OSError, ValueError):
        return None
    return at.astimezone(UTC) if at and at.tzinfo else None
