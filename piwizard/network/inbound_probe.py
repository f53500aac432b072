"""A request to our own outside address. What comes in proves the way; that nothing does proves nothing."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from piwizard.system import http_client
from piwizard.system.checks import settled
from piwizard.system.http_client import Limits, MalformedResponse

LOGS = Path("/var/log/nginx")
SERVER_NAME = re.compile(r"^\s*server_name\s+([a-z0-9][a-z0-9.-]*)", re.M)
PATIENCE = 1.0
MOST = 65536
"""Bytes at the end of a log: the request is among the newest."""


def name_in(servers: Iterable[str]) -> str | None:
    """A host name that nginx answers to, from the texts of its sites."""
    return next((found[1] for text in servers if (found := SERVER_NAME.search(text))), None)


def heard(outside: str, host: str, logs: Path = LOGS, port: int = 80, seconds: float = 2.0) -> bool:
    """Whether a request to the outside address arrives at this machine's own nginx.

    The answer alone would prove nothing: many routers show a page of their own there. So the request asks for
    something that nobody else asks for, and nginx's log tells whether it came.
    """
    word = f"/piwizard-{secrets.token_hex(8)}"
    try:
        http_client.request(
            http_client.tcp(outside, port),
            word,
            host=host,
            headers={"User-Agent": "piwizard"},
            limits=Limits(seconds, 1024, body_seconds=seconds),
        )
    except (OSError, MalformedResponse):
        return False
    # nginx writes its line when the request is over.
    return settled(lambda: _logged(word.encode(), logs), lambda found: found, seconds=PATIENCE)


def _logged(word: bytes, logs: Path) -> bool:
    for log in logs.glob("*.log"):
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - MOST))
            if word in file.read(MOST):
                return True
    return False
