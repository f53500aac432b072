"""What nginx wrote into its log of errors about the way to a site's app."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from piwizard.doctor.finding import Finding

LOG = "/var/log/nginx/error.log"
LINE = re.compile(
    r"(?P<at>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[\w+\] [^:]*: (?:\*\d+ )?(?P<text>.*?), client: .*?"
    r'request: "(?P<request>[^"]*)"(?:, upstream: "http://unix:(?P<socket>[^:"]+):)?'
)
MOST = 1 << 18
"""Bytes of the log that are read, from its end."""


@dataclass(frozen=True)
class Refused:
    """A request that nginx could not have answered, and why."""

    at: datetime
    text: str
    request: str
    socket: str


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble: how it is called, what nginx says, what is behind it and what mends it."""

    name: str
    sign: str
    cause: str
    mend: str


TROUBLES = (
    Trouble(
        "page ends in the middle",
        "prematurely closed connection",
        "The process of the app that worked on the page ended before it had answered: it was killed, or crashed.",
        "Look at that page: what it does takes too much memory, too long, or ends the program.",
    ),
    Trouble(
        "page too slow",
        "upstream timed out",
        "The app took more than a minute for the page, and nginx waits no longer.",
        "Let the page do less at a time, or do the work outside of a request; then `piwizard deploy`.",
    ),
    Trouble(
        "socket closed to nginx",
        "(13: Permission denied) while connecting to upstream",
        "nginx may not open the app's socket: it runs as another user than www-data, or the socket was altered.",
        "`piwizard apply gunicorn nginx` puts both right; the line `user` in nginx.conf has to say www-data.",
    ),
    Trouble(
        "app too busy",
        "(11: Resource temporarily unavailable)",
        "So many requests were waiting for the app that nginx got none in.",
        "More threads let more of them wait at a time: gunicorn.threads in the answers, then `piwizard apply`.",
    ),
    Trouble(
        "headers too large",
        "upstream sent too big header",
        "The app sends more in headers than nginx takes: a session cookie into which too much was put, usually.",
        "Keep less in the session; then `piwizard deploy`.",
    ),
)


def parse(text: str) -> list[Refused]:
    """The refused requests in a log, oldest first. nginx writes local time."""
    found = []
    for line in text.splitlines():
        if match := LINE.match(line):
            at = datetime.strptime(match["at"], "%Y/%m/%d %H:%M:%S").astimezone()
            found.append(Refused(at, match["text"], match["request"], match["socket"] or ""))
    return found


def look(refused: Sequence[Refused], site: str, socket: str, since: datetime | None) -> list[Finding]:
    """The kinds of trouble on the way to a site's socket after a moment."""
    ours = [
        one for one in refused if one.socket == socket and (since is None or one.at >= since.replace(microsecond=0))
    ]
    return [finding for trouble in TROUBLES if (finding := _one(trouble, ours, site))]


def _one(trouble: Trouble, refused: Sequence[Refused], site: str) -> Finding | None:
    same = [one for one in refused if trouble.sign in one.text]
    if not same:
        return None
    pages = list(dict.fromkeys(one.request.rpartition(" ")[0] or one.request for one in same))[-3:]
    times = f" ({len(same)} times)" if len(same) > 1 else ""
    detail = f"{', '.join(pages)}: {same[-1].text}{times}"
    return Finding(trouble.name, "site", site, False, detail, trouble.cause, trouble.mend)
