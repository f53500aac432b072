"""Read nginx's error log for problems between nginx and a site's app."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from piwizard.diagnosis.findings import Finding
from piwizard.nginx.request_limits import MAX_UPLOAD_MIB
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Advice, Fix, RunCommand

LOG = "/var/log/nginx/error.log"
LINE = re.compile(
    r"(?P<at>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[\w+\] [^:]*: (?:\*\d+ )?(?P<text>.*?), client: [^,]*, "
    r'(?:server: (?P<server>[^,]*), )?request: "(?P<request>[^"]*)"(?:, upstream: "http://unix:(?P<socket>[^:"]+):)?'
)
MAX_LOG_BYTES = 1 << 18
"""Only the end of the log is read."""


@dataclass(frozen=True)
class Refused:
    """A request that failed, and why."""

    at: datetime
    text: str
    request: str
    socket: str
    server: str = ""
    """The first name of the server block."""


@dataclass(frozen=True)
class UpstreamProblem:
    """A kind of problem; `text` is part of nginx's message."""

    id: str
    name: str
    text: str
    cause: str
    fix: Fix


DEPLOY = RunCommand("piwizard deploy", "after that")
PROBLEMS = (
    UpstreamProblem(
        "page-cut-off",
        "Pages complete",
        "prematurely closed connection",
        "The process of the app that worked on the page stopped before it answered: it was killed, or crashed.",
        (Advice("Check that page: it uses too much memory, takes too long, or ends the program."),),
    ),
    UpstreamProblem(
        "page-too-slow",
        "Pages answered in time",
        "upstream timed out",
        "The app took a minute or more for the page, and nginx stopped waiting.",
        (Advice("Let the page do less at a time, or do the work outside of a request."), DEPLOY),
    ),
    UpstreamProblem(
        "app-socket-closed",
        "App socket open to nginx",
        "(13: Permission denied) while connecting to upstream",
        "nginx may not open the app's socket: it runs as another user than www-data, or the socket was changed.",
        (
            RunCommand("piwizard apply gunicorn nginx", "to restore both"),
            Advice("The line `user` in nginx.conf must be `user www-data;`."),
        ),
    ),
    UpstreamProblem(
        "app-too-busy",
        "App keeps up with requests",
        "(11: Resource temporarily unavailable)",
        "So many requests were waiting for the app that it accepted no more.",
        (Advice("Set gunicorn.threads to a higher number."), RunCommand("piwizard apply", "after that")),
    ),
    UpstreamProblem(
        "headers-too-large",
        "Response headers small enough",
        "upstream sent too big header",
        "The app sends more headers than nginx accepts: usually a session cookie with too much in it.",
        (Advice("Keep less in the session."), DEPLOY),
    ),
)

TOO_LARGE = UpstreamProblem(
    "upload-too-large",
    "Uploads within the limit",
    "client intended to send too large",
    "The request was larger than app.upload_limit allows, so the visitor got status 413.",
    (),
)
SIZE = re.compile(r"body: (\d{1,15})(?:\+(\d{1,15}))? bytes")
"""The bytes of a refused body; of one in chunks, those that came and those of the next chunk."""


def parse(text: str) -> list[Refused]:
    """Return the failed requests in a log, oldest first. nginx logs local time."""
    found = []
    for line in text.split("\n"):  # only these end lines: visitors send other separators, too
        if match := LINE.match(line):
            at = datetime.strptime(match["at"], "%Y/%m/%d %H:%M:%S").astimezone()
            found.append(Refused(at, match["text"], match["request"], match["socket"] or "", match["server"] or ""))
    return found


def upstream_problems(refused: Sequence[Refused], site: str, socket: str, since: datetime | None) -> list[Finding]:
    """Return the problems between nginx and a site's socket since `since`."""
    ours = [one for one in _since(refused, since) if one.socket == socket]
    return [finding for problem in PROBLEMS if (finding := _one(problem, ours, site))]


def upload_problems(
    refused: Sequence[Refused], site: str, domains: Sequence[str], since: datetime | None
) -> list[Finding]:
    """Return the requests to a site that nginx refused with status 413 since `since`."""
    ours = [one for one in _since(refused, since) if one.server in domains]
    sizes = [sum(int(part) for part in found.groups("0")) for one in ours if (found := SIZE.search(one.text))]
    mib = min(-(-max(sizes, default=0) // (1 << 20)), MAX_UPLOAD_MIB)
    fix = (
        Advice(f"If your site should take it, write upload_limit = {mib} under [app] into the answers."),
        RunCommand("piwizard apply site", "after that"),
    )
    finding = _one(replace(TOO_LARGE, fix=fix), ours, site)
    return [finding] if finding else []


def _since(refused: Sequence[Refused], since: datetime | None) -> list[Refused]:
    return [one for one in refused if since is None or one.at >= since.replace(microsecond=0)]


def _one(problem: UpstreamProblem, refused: Sequence[Refused], site: str) -> Finding | None:
    same = [one for one in refused if problem.text in one.text]
    if not same:
        return None
    pages = list(dict.fromkeys(one.request.rpartition(" ")[0] or one.request for one in same))[-3:]
    times = f" ({len(same)} times)" if len(same) > 1 else ""
    detail = f"{', '.join(pages)}: {same[-1].text}{times}"
    return Finding(problem.id, problem.name, False, detail, problem.cause, problem.fix, step="site", site=site)
