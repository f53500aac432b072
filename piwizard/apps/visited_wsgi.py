"""Give a WSGI app its visitors' addresses, and room beside open streams.

Loaded by gunicorn_config.py in a worker, in the app's Python: it needs only the standard library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from piwizard.apps.kept_connections import KeptConnections, hand_back, starts_session
from piwizard.apps.open_streams import (
    Body,
    OpenStream,
    StreamSlots,
    close_body,
    is_endless,
    is_stream,
    with_unbuffered,
)

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Body]
LOCAL_ADDRESS = "127.0.0.1"
"""The address of whoever connects without nginx: root on this machine."""
BUSY_STATUS, BUSY_TEXT = "503 Service Unavailable", b"Too many streams are open. Please try again in a minute.\n"
BUSY_HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BUSY_TEXT))), ("Retry-After", "30")]


class VisitedWsgiApp:
    """A WSGI app that sees its visitors' addresses and the URL prefix of its site."""

    def __init__(self, app: Wsgi, slots: StreamSlots, kept: KeptConnections) -> None:
        self._app, self._slots, self._kept = app, slots, kept

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Body:
        connection = environ.get("gunicorn.socket")
        if connection and self._kept.begin_request(connection) and self._slots.ended and starts_session(environ):
            raise hand_back()
        environ["REMOTE_ADDR"] = environ.get("HTTP_X_REAL_IP") or LOCAL_ADDRESS
        use_prefix(environ)
        if (scheme := environ.get("HTTP_X_FORWARDED_PROTO")) in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme  # gevent's own server knows only how nginx connects
        if environ.get("HTTP_UPGRADE"):  # the call lasts as long as the WebSocket
            return self._in_slot(environ, start_response)
        response = _Response(start_response, self._slots)
        body = self._app(environ, response.start)
        return response.finish(body)

    def _in_slot(self, environ: dict[str, Any], start_response: StartResponse) -> Body:
        if not self._slots.take():
            start_response(BUSY_STATUS, BUSY_HEADERS)
            return [BUSY_TEXT]
        connection = environ.get("gunicorn.socket")
        try:
            if connection:
                self._slots.add_websocket(connection)
            return self._app(environ, start_response)
        finally:
            if connection:
                self._slots.remove_websocket(connection)
            self._slots.give_back()


class _Response:
    """One response of a WSGI app, which is a stream if it does not say how long it is."""

    def __init__(self, start_response: StartResponse, slots: StreamSlots) -> None:
        self._start_response, self._slots = start_response, slots
        self._called, self._took, self._refused, self._endless = True, False, False, False

    def start(self, status: str, headers: list[tuple[str, str]], *error: object) -> object:
        if not self._called or not is_stream(status, [name for name, _ in headers]):
            return self._start_response(status, headers, *error)
        if not self._took and not self._slots.take():
            self._refused = True
            return self._start_response(BUSY_STATUS, BUSY_HEADERS, *error)
        self._took, self._endless = True, is_endless(headers)
        return self._start_response(status, with_unbuffered(headers), *error)

    def finish(self, body: Body) -> Body:
        """Return the body to send. An app may also start its response later, with its first piece."""
        self._called = False
        if self._refused:
            close_body(body)
            return [BUSY_TEXT]
        return OpenStream(body, self._slots, endless=self._endless) if self._took else body


def use_prefix(environ: dict[str, Any]) -> None:
    """Move the URL prefix of the site from the path to SCRIPT_NAME, as in WSGI."""
    prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "")
    if prefix:
        environ["SCRIPT_NAME"] = prefix
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :]
