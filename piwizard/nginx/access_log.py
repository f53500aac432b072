"""Count requests in a site's access log, and find visits from the Internet.

The log is nginx's own: each site has one, and Debian's logrotate keeps it for two weeks.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from piwizard.nginx.server_blocks import access_log
from piwizard.system.lazy_dataclass import dataclass

MAX_BYTES = 8 << 20
"""Bytes that are read, from the end of the newest file on."""
HOURS = 24
LINE = re.compile(r'(?P<address>\S+) \S+ .*?\[(?P<at>[^\]]{20,40})\] "(?:[A-Z]{1,20} )?(?P<path>\S*)')
TIME_FORMAT = "%d/%b/%Y:%H:%M:%S %z"
CHALLENGES = "/.well-known/acme-challenge/"
"""Requests of Let's Encrypt, which are no visits."""


@dataclass(frozen=True)
class Visit:
    """One request. `public`: it came from an address of the Internet."""

    at: datetime
    path: str
    public: bool


def requests_per_hour(site: str, now: datetime, folder: Path | None = None) -> tuple[int, ...]:
    """Return the requests in each of the last 24 hours, the oldest first.

    Without those of this machine.
    """
    counts = [0] * HOURS
    for visit in _visits(site, now - timedelta(hours=HOURS), folder):
        ago = int((now - visit.at).total_seconds() // 3600)
        if 0 <= ago < HOURS:
            counts[HOURS - 1 - ago] += 1
    return tuple(counts)


def visit_from_outside(
    site: str, since: datetime, *, once: str = "", own: str | None = None, folder: Path | None = None
) -> Visit | None:
    """Return the first visit from the Internet since a moment.

    `own` is the public IP of this home: some routers show it instead of the address of a device at home. `once` is a
    secret random path: any request for it counts, whatever the address.
    """
    for visit in _visits(site, since, folder, own=own):
        if visit.path.startswith(CHALLENGES):
            continue
        if visit.public or (once and visit.path == once):
            return visit
    return None


def _visits(site: str, since: datetime, folder: Path | None, own: str | None = None) -> Iterator[Visit]:
    """Yield the requests since a moment, oldest first, without those of this machine."""
    newest = Path(access_log(site))
    newest = folder / newest.name if folder else newest
    current = _end_of(newest, MAX_BYTES)
    before = _end_of(newest.with_name(f"{newest.name}.1"), MAX_BYTES - len(current))
    for content in (before, current):
        for line in content.decode("utf-8", "replace").split("\n"):
            visit = _parse(line, own)
            if visit and visit.at >= since:
                yield visit


def _end_of(path: Path, most: int) -> bytes:
    """Return the last bytes of a file from the beginning of a line on; nothing if it cannot be read."""
    if most <= 0:
        return b""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            return b""
        begin = max(0, info.st_size - most)
        file.seek(begin)
        content = file.read(most)
    return content.partition(b"\n")[2] if begin else content


def _parse(line: str, own: str | None) -> Visit | None:
    match = LINE.match(line)
    if match is None:
        return None
    try:
        address = ipaddress.ip_address(match["address"])
        at = datetime.strptime(match["at"], TIME_FORMAT)
    except ValueError:
        return None
    if address.is_loopback:
        return None
    return Visit(at, match["path"].partition("?")[0], address.is_global and str(address) != own)
