"""Describe how an app must be served: in how many processes, by which worker."""

from __future__ import annotations

from piwizard.system.lazy_dataclass import dataclass

STATE, THREAD, SCHEDULER, DEVICE = "state", "thread", "scheduler", "device"
EXCLUSIVE = "exclusive"
"""A device or a port that the app takes when it starts, and that one process may have."""
SOCKETIO, WEBSOCKET, STREAM = "socketio", "websocket", "stream"
ASGI, GEVENT, EVENTLET, ONE_WORKER = "asgi", "gevent", "eventlet", "one-worker"
SCRIPT = "script"
"""The app is started as a program, whose start-up code runs once."""
KINDS = (
    EXCLUSIVE, DEVICE, SOCKETIO, SCHEDULER, THREAD, STATE, SCRIPT, ONE_WORKER, WEBSOCKET, STREAM, ASGI, GEVENT,
    EVENTLET,
)  # fmt: skip
"""All kinds of findings, those that tell a person most first."""
SINGLE_PROCESS = frozenset({EXCLUSIVE, DEVICE, SOCKETIO, SCHEDULER, THREAD, STATE, SCRIPT, ONE_WORKER})
"""Findings that are wrong, or happen twice, in several processes."""
GTHREAD = "gthread"
GEVENT_WEBSOCKET = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"
MAX_REASONS = 3


@dataclass(frozen=True)
class ProcessFinding:
    """A place in the code that decides how the app is served.

    `path` is that of a WebSocket.
    """

    kind: str
    why: str
    file: str
    line: int
    path: str = ""

    @property
    def text(self) -> str:
        """Return the reason and its place as a person reads it."""
        return f"it {self.why} ({self.file}:{self.line})" if self.line else f"it {self.why} ({self.file})"


@dataclass(frozen=True)
class ProcessModel:
    """The findings about an app, and the packages that it installs."""

    findings: tuple[ProcessFinding, ...] = ()
    packages: frozenset[str] = frozenset()

    def _has(self, kind: str) -> bool:
        return any(one.kind == kind for one in self.findings)

    @property
    def single(self) -> bool:
        """Return whether the app must run in one process."""
        return bool(self.reasons)

    @property
    def reasons(self) -> tuple[ProcessFinding, ...]:
        """Return why the app must run in one process, at most one finding per kind."""
        first = {one.kind: one for one in self.findings[::-1] if one.kind in SINGLE_PROCESS}
        return tuple(sorted(first.values(), key=lambda one: KINDS.index(one.kind)))

    @property
    def reason(self) -> str:
        """Return why the app must run in one process, as a person reads it; "" otherwise."""
        return ", and ".join(one.text for one in self.reasons[:MAX_REASONS])

    @property
    def exclusive(self) -> ProcessFinding | None:
        """Return what the app takes at its start and no second process may have."""
        return next((one for one in self.findings if one.kind == EXCLUSIVE), None)

    @property
    def websockets(self) -> tuple[str, ...]:
        """Return the URLs of the app's WebSockets that a test can open."""
        paths = [self._websocket_url(one) for one in self.findings if one.kind in (SOCKETIO, WEBSOCKET)]
        return tuple(dict.fromkeys(path for path in paths if path))

    @staticmethod
    def _websocket_url(one: ProcessFinding) -> str:
        if one.kind == SOCKETIO:
            return f"/{one.path.strip('/') or 'socket.io'}/?EIO=4&transport=websocket"
        return one.path

    @property
    def streams(self) -> ProcessFinding | None:
        """Return the first place where a response may last for hours, if there is one."""
        return next((one for one in self.findings if one.kind in (STREAM, WEBSOCKET, SOCKETIO)), None)

    @property
    def worker_class(self) -> str:
        """Return gunicorn's worker class for the app."""
        if self._has(ASGI):
            return ASGI
        if self._uses(EVENTLET):
            return EVENTLET
        if self._uses(GEVENT):
            return GEVENT_WEBSOCKET if "gevent-websocket" in self.packages else GEVENT
        return GTHREAD

    @property
    def asked(self) -> str:
        """Return why the worker class is not the usual one."""
        kinds = [ASGI] if self._has(ASGI) else [EVENTLET] if self._uses(EVENTLET) else [GEVENT]
        found = next((one for one in self.findings if one.kind in kinds), None)
        return found.text if found else f"Flask-SocketIO uses {kinds[0]}, which the app installs"

    def _uses(self, library: str) -> bool:
        """Return whether the app asks for a library of green threads and installs it.

        Flask-SocketIO uses one that is installed, even if the code does not ask for it.
        """
        return library in self.packages and (self._has(library) or self._has(SOCKETIO))
