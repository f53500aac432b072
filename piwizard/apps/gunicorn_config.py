"""Give every app its visitors' addresses, and room beside open streams.

This is a configuration file of gunicorn, which loads it as the app's user, in the app's Python: it needs only the
standard library. It reads the app's own gunicorn.conf.py first. Only nginx and root can connect to the app's socket,
and nginx replaces what visitors send in these headers.
"""

from __future__ import annotations

import ast
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

Body = Iterable[bytes]
StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Body]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Message]], Send], Awaitable[None]]

OWN_FILE = Path("gunicorn.conf.py")
ADDRESS, PREFIX, SCHEME = "x-real-ip", "x-forwarded-prefix", "x-forwarded-proto"
"""Headers that nginx sets: the visitor's address, the URL prefix of the site, and "http" or "https"."""
LOCAL_ADDRESS = "127.0.0.1"
"""The address of whoever connects without nginx: root on this machine."""
UNBUFFERED = "X-Accel-Buffering"
"""With "no", nginx passes on each piece of the response at once."""
FREE_SHARE = 4
"""One thread in this many never serves a stream, so that pages are answered while streams are open."""
BUSY_STATUS, BUSY_TEXT = "503 Service Unavailable", b"Too many streams are open. Please try again in a minute.\n"
BUSY_HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BUSY_TEXT))), ("Retry-After", "30")]
LOADED_VARIABLE = "PIWIZARD_LOADED_FD"
"""As in smoke_test.py."""
RESTARTS = 1012
"""The code with which a WebSocket ends because the service restarts."""
NO_BODY = ("1", "204", "304")
ENDLESS_TYPES = ("multipart/x-mixed-replace", "text/event-stream")
"""Camera streams and Server-Sent Events: browsers open them again. Any other stream may be a file: it must be whole."""


class StreamSlots:
    """Counts the streams that are open in this process, and ends them when it stops.

    `most` None: there is no limit.
    """

    def __init__(self, most: int | None) -> None:
        self._left, self._lock = most, threading.RLock()  # gevent's one thread may stop within it
        self._websockets: set[socket.socket] = set()
        self.ended = False
        """Whether the process stops: streams end with their current piece."""

    def end(self) -> None:
        """End the streams. The app reads the end of each WebSocket, and can still write."""
        with self._lock:
            self.ended = True
            for connection in self._websockets:
                end_reading(connection)
            self._websockets.clear()

    def add_websocket(self, connection: socket.socket) -> None:
        """Note the connection of a WebSocket while it is open."""
        with self._lock:
            if self.ended:
                end_reading(connection)
            else:
                self._websockets.add(connection)

    def remove_websocket(self, connection: socket.socket) -> None:
        """Forget the connection of a WebSocket before gunicorn closes it."""
        with self._lock:
            self._websockets.discard(connection)

    def take(self) -> bool:
        """Take a slot; return False if none is left."""
        with self._lock:
            if self._left is None:
                return True
            if self._left <= 0:
                return False
            self._left -= 1
            return True

    def give_back(self) -> None:
        """Make a slot free again."""
        with self._lock:
            if self._left is not None:
                self._left += 1


class OpenStream:
    """The body of a stream.

    Its slot is free again when it ends or the visitor leaves. An `endless` one ends when the process stops.
    """

    def __init__(self, body: Body, slots: StreamSlots, *, endless: bool) -> None:
        self._body, self._pieces, self._slots, self._open = body, iter(body), slots, True
        self._endless = endless

    def __iter__(self) -> OpenStream:
        return self

    def __next__(self) -> bytes:
        if self._endless and self._slots.ended:
            raise StopIteration
        return next(self._pieces)

    def close(self) -> None:
        """Close the app's own body."""
        if self._open:
            self._open = False
            self._slots.give_back()
            close_body(self._body)


class VisitedWsgiApp:
    """A WSGI app that sees its visitors' addresses and the URL prefix of its site."""

    def __init__(self, app: Wsgi, slots: StreamSlots) -> None:
        self._app, self._slots = app, slots

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Body:
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
        import asyncio  # other workers do not need it, and gevent patches what it imports

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


def use_prefix(environ: dict[str, Any]) -> None:
    """Move the URL prefix of the site from the path to SCRIPT_NAME, as in WSGI."""
    prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "")
    if prefix:
        environ["SCRIPT_NAME"] = prefix
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :]


def is_stream(status: str, names: list[str]) -> bool:
    """Return whether a response has a body of unknown length."""
    return not status.startswith(NO_BODY) and "content-length" not in [name.lower() for name in names]


def is_endless(headers: list[tuple[str, str]]) -> bool:
    """Return whether a stream has no end of its own, by its type."""
    return any(name.lower() == "content-type" and value.lower().startswith(ENDLESS_TYPES) for name, value in headers)


def end_reading(connection: socket.socket) -> None:
    """Let the reader of a connection find its end."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


def with_unbuffered(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of a stream; an app's own word to nginx stays."""
    said = any(name.lower() == UNBUFFERED.lower() for name, _ in headers)
    return headers if said else [*headers, (UNBUFFERED, "no")]


def close_body(body: Body) -> None:
    """Close a body that the app returned, as WSGI requires."""
    close = getattr(body, "close", None)
    if close:
        close()


def slots_for(threads: int) -> int:
    """Return how many of a worker's threads may serve streams."""
    return max(1, threads - max(1, threads // FREE_SHARE))


def load_own(file: Path) -> dict[str, Any]:
    """Return the settings of an app's own configuration file."""
    module = ModuleType("gunicorn_conf")
    module.__file__ = str(file)
    SourceFileLoader("gunicorn_conf", str(file)).exec_module(module)
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


def load_script_runner() -> Any:  # noqa: ANN401 — the module
    """Return the module beside this file that runs an app's script."""
    module = ModuleType("script_runner")
    SourceFileLoader("script_runner", str(Path(__file__).with_name("script_runner.py"))).exec_module(module)
    return module


def load_attribute(entry: str) -> Any:  # noqa: ANN401 — WSGI or ASGI
    """Return the app in an attribute of an object: "module:Server().app"."""
    module, _, expression = entry.partition(":")
    return evaluate(ast.parse(expression, mode="eval").body, vars(import_module(module)))


def evaluate(node: ast.expr, names: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the value of a name, an attribute or a call with literal arguments."""
    match node:
        case ast.Attribute(value=owner, attr=attribute):
            return getattr(evaluate(owner, names), attribute)
        case ast.Call(func=function, args=given, keywords=keywords):
            named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in keywords if keyword.arg}
            return evaluate(function, names)(*map(ast.literal_eval, given), **named)
        case ast.Name(id=name):
            return names[name]
    raise ValueError(f"{ast.unparse(node)} is neither a name nor a call.")


def report_loaded() -> None:
    """Tell the smoke test that this worker has loaded the app."""
    pipe = os.environ.pop(LOADED_VARIABLE, "")
    if pipe.isdigit():
        os.write(int(pipe), b".")
        os.close(int(pipe))


def watch_exit(worker: Any, at_exit: Iterable[Callable[[], None]]) -> None:  # noqa: ANN401 — a worker of gunicorn
    """Call functions as soon as the worker begins to stop."""
    name = "handle_exit_signal" if hasattr(worker, "handle_exit_signal") else "handle_exit"  # of the ASGI worker
    handle = getattr(worker, name)

    def handle_exit(*signal: object) -> None:
        handle(*signal)
        for function in at_exit:
            function()

    setattr(worker, name, handle_exit)  # the worker registers it as its signal handler


_own = load_own(OWN_FILE) if OWN_FILE.is_file() else {}
_own_hooks = {name: _own.pop(name, None) for name in ("post_fork", "post_worker_init")}
_at_exit: list[Callable[[], None]] = []
"""Ends the streams: otherwise all visitors would wait for gunicorn's time limit, since WebSockets stay open."""
globals().update({name: value for name, value in _own.items() if name not in globals()})


def post_fork(server: Any, worker: Any) -> None:  # noqa: ANN401 — gunicorn's arbiter, and a worker
    """Give the app an empty command line; run it as a script if the entry is one."""
    watch_exit(worker, _at_exit)
    entry = worker.app.app_uri
    sys.argv[1:] = []
    if entry.endswith(".py"):
        worker.app.load = load_script_runner().ScriptRun(worker, entry).load
    elif "." in entry.partition(":")[2].partition("(")[0] or ")." in entry:
        worker.app.load = lambda: load_attribute(entry)
    if own := _own_hooks["post_fork"]:
        own(server, worker)


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 — a worker of gunicorn
    """Wrap the app that gunicorn has just loaded."""
    if hasattr(worker, "asgi"):
        connections = AsgiConnections()
        worker.asgi = VisitedAsgiApp(worker.asgi, connections)
        _at_exit.append(connections.end)
    else:
        threaded = worker.cfg.worker_class_str == "gthread"
        slots = StreamSlots(slots_for(worker.cfg.threads) if threaded else None)
        worker.wsgi = VisitedWsgiApp(worker.wsgi, slots)
        _at_exit.append(slots.end)
    report_loaded()
    if own := _own_hooks["post_worker_init"]:
        own(worker)
