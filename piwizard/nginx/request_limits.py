"""Limit the time of a request, and the parallel requests of one address.

nginx takes `client_header_timeout` from the default server of a port: it applies from the start of a connection, also
during the TLS handshake, when the host is not known yet. So the default server has the same values as every site, and
FILE sets them for servers of other people that do not set them.
"""

from __future__ import annotations

from collections.abc import Mapping

from piwizard.errors import PiwizardError
from piwizard.nginx.config_dump import read_dump
from piwizard.nginx.config_syntax import Directive, parse
from piwizard.templates.render import render

FILE = "/etc/nginx/conf.d/piwizard-limits.conf"

LIMITS: Mapping[str, str] = {
    "client_header_timeout": "15s",  # for the handshake and the whole header together
    "client_body_timeout": "30s",  # between two pieces of a body
    "send_timeout": "30s",  # between two pieces of an answer that are taken
    "reset_timedout_connection": "on",  # what is left to send is not kept for a visitor who is gone
}
HASHES: Mapping[str, str] = {
    "variables_hash_max_size": "8192",
    "variables_hash_bucket_size": "128",
    "server_names_hash_max_size": "8192",
}
"""Sizes with which nginx needs no warning for several hundred sites; they cost a few KiB of memory."""
STREAMS = 32
"""Requests at a time over one HTTP/2 connection; nginx's own limit is 128."""
CONNECTIONS = 128
"""Requests under way of one address: four browsers over HTTP/2 with all of their streams, or twenty over HTTP/1.1."""
UPLOAD_MIB, MAX_UPLOAD_MIB = 16, 10_240
"""The size of a request in MiB: enough for photos, and the most that can be answered; SD cards hold little more."""
ANSWER_SECONDS, MAX_ANSWER_SECONDS = 60, 600
"""How long nginx waits for the app, and for how long at most: a slow SD card stores 1 MiB a second of an upload."""
SILENCE = "1h"
"""How long a WebSocket or an event stream may be silent in both directions."""


def render_limits(main: str, others: Mapping[str, str]) -> str:
    """Return the text of FILE, without directives that another file sets.

    `main` is the text of nginx.conf, `others` maps the paths of the files that its http{} includes to their texts.
    nginx refuses a directive that two of them set.
    """
    blocks = [block for block in _parsed([main]) for block in block.named("http")]
    blocks += _parsed([text for path, text in others.items() if path != FILE])
    theirs = {child.name for block in blocks for child in block.children}
    ours = ({name: value for name, value in known.items() if name not in theirs} for known in (LIMITS, HASHES))
    limits, hashes = ours
    return render("nginx/limits.conf.j2", limits=limits, hashes=hashes)


def answer_seconds(upload_mib: int) -> int:
    """Return how long an app may take that first stores an upload."""
    return min(max(ANSWER_SECONDS, upload_mib), MAX_ANSWER_SECONDS)


def lacking(nginx_dump: str) -> list[str]:
    """Return the directives that `nginx -T` does not show for all servers."""
    there = {child.name for block in read_dump(nginx_dump).named("http") for child in block.children}
    return [name for name in LIMITS if name not in there]


def _parsed(texts: list[str]) -> list[Directive]:
    """Parse those that can be parsed: `nginx -t` names a mistake in the others."""
    found = []
    for text in texts:
        try:
            found.append(parse(text, ""))
        except PiwizardError:
            continue
    return found
