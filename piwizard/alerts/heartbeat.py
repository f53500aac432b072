"""Ping a heartbeat URL while no problem is open.

A service that misses the ping reports that this Pi is gone.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from piwizard import __version__
from piwizard.system import connections, http_client
from piwizard.system.http_client import Limits, MalformedResponse

LIMITS = Limits(seconds=10.0, body=4096)


def ping(url: str) -> bool:
    """Request the URL once. Return whether the service accepted it.

    Redirects are not followed: they would get the URL, which is a secret. Never takes more than 10 seconds.
    """
    import ssl

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    tls = ssl.create_default_context() if secure else None
    connect = connections.tcp(parts.hostname or "", parts.port or (443 if secure else 80), tls=tls)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"User-Agent": f"piwizard/{__version__}"}
    try:
        answer = http_client.request(
            connect, path, host=parts.netloc.rpartition("@")[2], headers=headers, limits=LIMITS
        )
    except (OSError, MalformedResponse):
        return False
    return answer.status < 300


def is_heartbeat_url(url: str) -> bool:
    """Return whether a text is a URL that can be pinged."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and " " not in url
