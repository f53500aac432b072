"""Give an ASGI app its visitors' addresses, and end its connections in time.

Loaded by gunicorn_config.py in a worker, in the app's Python: it needs only the standard library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from piwizard.apps.open_streams import UNBUFFERED, is_endless, is_stream
from piwizard.apps.visited_wsgi import LOCAL_ADDRESS

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Message]], Send], Awaitable[None]]
ADDRESS, PREFIX, SCHEME = "x-real-ip", "x-forwarded-prefix", "x-forwarded-proto"
"""Headers that nginx sets: the visitor's address, the URL prefix of the site, and "http" or "https"."""
RESTARTS = 1012
"""The code with which a WebSocket ends because the service restarts."""


class AsgiConnection:
    """One request or WebSocket of an ASGI app.

    If it is `endless`, it ends when the process stops.
    """

    def __init__(self, kind: str, receive: Callable[[], Awaitable[Message]]) -> None:
        self._receive, self._disconnect = receive, {"type": f"{kind}.disconnect", "code": RESTARTS}
        self.endless, self.ended = kind == "websocket", False
        self._stop: asyncio.Future[None] | None = None

    def end(self) -> None:
        """Disconnect it, if it has no end of its own."""
        self.ended = True
        if self.endless and self._stop and not self._stop.done():
            self._stop.set_result(None)

    async def receive(self) -> Message:
        """Return the next message, or that it is disconnected."""
        if self.endless and self.ended:
            return self._disconnect
        self._stop = asyncio.get_running_loop().create_future()
        asked = asyncio.ensure_future(self._receive())
        try:
            futures: set[asyncio.Future[Any]] = {asked, self._stop}
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else self._disconnect
        finally:
            asked.cancel()


class AsgiConnections:
    """The open connections of an ASGI app."""

    def __init__(self) -> None:
        self._open: set[AsgiConnection] = set()
        self._ended = False

    def end(self) -> None:
        """Disconnect those that are endless. Call it in the event loop."""
        self._ended = True
        for connection in self._open:
            connection.end()

    def add(self, connection: AsgiConnection) -> None:
        """Note a connection while it is open."""
        self._open.add(connection)
        if self._ended:
            connection.end()

    def remove(self, connection: AsgiConnection) -> None:
        """Forget a connection."""
        self._open.discard(connection)


class VisitedAsgiApp:
    """The same for an ASGI app, whose streams take no threads."""

    def __init__(self, app: Asgi, connections: AsgiConnections) -> None:
        self._app, self._connections = app, connections

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        sent = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        scope["client"] = (sent.get(ADDRESS) or LOCAL_ADDRESS, 0)
        scope["root_path"] = sent.get(PREFIX) or scope.get("root_path", "")
        if (scheme := sent.get(SCHEME)) in ("http", "https"):
            scope["scheme"] = scheme if scope["type"] == "http" else scheme.replace("http", "ws")
        connection = AsgiConnection(scope["type"], receive)

        async def send_unbuffered(message: Message) -> None:
            if connection.endless and connection.ended and message["type"] == "http.response.body":
                raise ConnectionResetError("The service stops.")
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
                connection.endless = is_endless(texts)
                if is_stream(str(message["status"]), [name.decode("latin-1") for name, _ in headers]):
                    headers.append((UNBUFFERED.lower().encode(), b"no"))
                    message = {**message, "headers": headers}
            await send(message)

        self._connections.add(connection)
        try:
            await self._app(scope, connection.receive, send_unbuffered)
        finally:
            self._connections.remove(connection)
