"""Send a request to this home's own public IP.

If it arrives, port forwarding works. If not, that proves nothing.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from piwizard.system import connections, http_client
from piwizard.system.checks import poll_until
from piwizard.system.http_client import Limits, MalformedResponse

LOG_FOLDER = Path("/var/log/nginx")
SERVER_NAME = re.compile(r"^\s*server_name\s+([a-z0-9][a-z0-9.-]*)", re.M)
LOG_WAIT_SECONDS = 1.0
MAX_LOG_BYTES = 65536
"""Only the end of a log is read: the request is among the newest lines."""


def find_server_name(servers: Iterable[str]) -> str | None:
    """Return a host name that nginx answers to, from its site files."""
    return next((found[1] for text in servers if (found := SERVER_NAME.search(text))), None)


def probe_port(outside: str, host: str, logs: Path = LOG_FOLDER, port: int = 80, seconds: float = 2.0) -> bool:
    """Return whether a request to the public IP arrives at this machine's own nginx.

    An answer alone proves nothing, because many routers answer themselves. So the request uses a random path, which
    then appears in nginx's log.
    """
    path = f"/piwizard-{secrets.token_hex(8)}"
    try:
        http_client.request(
            connections.tcp(outside, port),
            path,
            host=host,
            headers={"User-Agent": "piwizard"},
            limits=Limits(seconds, 1024, body_seconds=seconds),
        )
    except (OSError, MalformedResponse):
        return False
    # nginx logs the request when it is finished.
    return poll_until(lambda: _is_logged(path.encode(), logs), lambda found: found, seconds=LOG_WAIT_SECONDS)


def _is_logged(path: bytes, logs: Path) -> bool:
    for log in logs.glob("*.log"):
        with suppress(OSError), log.open("rb") as file:  # a log may be rotated away
            file.seek(max(0, os.fstat(file.fileno()).st_size - MAX_LOG_BYTES))
            if path in file.read(MAX_LOG_BYTES):
                return True
    return False
