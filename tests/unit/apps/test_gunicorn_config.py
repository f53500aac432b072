"""Test gunicorn's configuration: addresses, prefixes, room beside streams."""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from wsgiref.util import request_uri

import pytest

from piwizard.apps import gunicorn_config
from piwizard.apps.gunicorn_config import watch_exit
from piwizard.apps.kept_connections import KeptConnections
from piwizard.apps.open_streams import StreamSlots, slots_for
from piwizard.apps.visited_asgi import AsgiConnections, VisitedAsgiApp
from piwizard.apps.visited_wsgi import VisitedWsgiApp

FILE = gunicorn_config.__file__
STREAM = [("Content-Type", "text/event-stream")]
PAGE = [("Content-Length", "4")]


class Visit:
    """One request to an app, and its response."""

    def __init__(self, app: Callable[..., Any], **environ: str) -> None:
        self.environ: dict[str, Any] = {"REMOTE_ADDR": "", "PATH_INFO": "/", "SCRIPT_NAME": "", **environ}
        self.body = app(self.environ, self._start)

    def _start(self, status: str, headers: list[tuple[str, str]], *error: object) -> None:
        self.status, self.headers = int(status[:3]), dict(headers)


def app_with(headers: list[tuple[str, str]], status: str = "200 OK", most: int | None = None) -> VisitedWsgiApp:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response(status, headers)
        return iter([b"page"])

    return VisitedWsgiApp(app, StreamSlots(most), KeptConnections())


def test_address_is_that_of_the_visitor_and_local_without_nginx() -> None:
    assert Visit(app_with(PAGE), HTTP_X_REAL_IP="203.0.113.7").environ["REMOTE_ADDR"] == "203.0.113.7"
    assert Visit(app_with(PAGE), HTTP_X_FORWARDED_FOR="6.6.6.6").environ["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "left"), [("/camera", ""), ("/camera/", "/"), ("/camera/a", "/a"), ("/", "/"), ("/cameras", "/cameras")]
)
def test_prefix_of_the_site_moves_to_script_name(path: str, left: str) -> None:
    environ = Visit(app_with(PAGE), HTTP_X_FORWARDED_PREFIX="/camera", PATH_INFO=path).environ
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/camera", left)
    assert Visit(app_with(PAGE), PATH_INFO=path).environ["SCRIPT_NAME"] == ""


def test_app_behind_https_makes_https_addresses() -> None:
    visit = Visit(app_with(PAGE), HTTP_X_FORWARDED_PROTO="https", HTTP_HOST="pi.example", SERVER_NAME="x")
    assert request_uri(visit.environ) == "https://pi.example/"
    plain = Visit(
        app_with(PAGE), HTTP_X_FORWARDED_PROTO="gopher", HTTP_HOST="pi.example", **{"wsgi.url_scheme": "http"}
    )
    assert request_uri(plain.environ) == "http://pi.example/"


def test_streams_are_unbuffered_and_pages_are_as_the_app_made_them() -> None:
    assert Visit(app_with(STREAM)).headers == {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    assert Visit(app_with(PAGE)).headers == {"Content-Length": "4"}
    assert Visit(app_with([], "304 Not Modified")).headers == {}
    assert Visit(app_with([("x-accel-buffering", "yes")])).headers == {"x-accel-buffering": "yes"}


def test_streams_leave_threads_for_pages() -> None:
    streams = app_with(STREAM, most=2)
    first, second = Visit(streams), Visit(streams)
    third = Visit(streams)
    assert (first.status, second.status, third.status) == (200, 200, 503)
    assert third.headers["Retry-After"] == "30"
    assert b"Too many streams" in b"".join(third.body)
    assert b"".join(first.body) == b"page"
    first.body.close()
    first.body.close()  # gunicorn and the app may both do it
    assert Visit(streams).status == 200
    assert Visit(streams).status == 503


def test_websockets_take_a_slot_while_they_are_open() -> None:
    inside = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if not inside:
            inside.append(Visit(wrapped, HTTP_UPGRADE="websocket").status)
            inside.append(Visit(app_with(PAGE)).status)
        return []

    wrapped = VisitedWsgiApp(app, StreamSlots(1), KeptConnections())
    Visit(wrapped, HTTP_UPGRADE="websocket")
    assert inside == [503, 200]
    inside.append(0)
    assert not hasattr(Visit(wrapped, HTTP_UPGRADE="websocket"), "status"), "the slot is still in use"


def test_camera_and_event_streams_end_when_the_process_stops_and_files_do_not() -> None:
    for headers, left in (
        (STREAM, b"a"),
        ([("content-type", "multipart/x-mixed-replace; boundary=x")], b"a"),
        ([("Content-Type", "text/csv")], b"abc"),
    ):
        slots = StreamSlots(1)

        def app(environ: dict[str, Any], start_response: Callable[..., Any], headers: Any = headers) -> list[bytes]:
            start_response("200 OK", headers)
            return [b"a", b"b", b"c"]

        body = Visit(VisitedWsgiApp(app, slots, KeptConnections())).body
        found = next(body)
        slots.end()
        assert found + b"".join(body) == left


def test_websockets_read_their_end_when_the_process_stops() -> None:
    slots, read = StreamSlots(2), []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        slots.end()
        read.append(environ["gunicorn.socket"].recv(10))
        environ["gunicorn.socket"].sendall(b"bye")
        return []

    for _ in range(2):  # open, and opened by a request that was waiting
        ours, theirs = socket.socketpair()
        with ours, theirs:
            environ: dict[str, Any] = {"HTTP_UPGRADE": "websocket", "gunicorn.socket": ours}
            VisitedWsgiApp(app, slots, KeptConnections())(environ, lambda *given: None)
            assert theirs.recv(10) == b"bye"
    assert read == [b"", b""]


def test_streams_end_as_soon_as_the_worker_is_asked_to_stop() -> None:
    calls: list[object] = []
    stopped = SimpleNamespace(handle_exit=lambda number, frame: calls.append(number))
    at_exit: list[Callable[[], None]] = []
    watch_exit(stopped, at_exit)
    at_exit.append(lambda: calls.append("streams"))  # once the app is loaded
    stopped.handle_exit(15, None)
    assert calls == [15, "streams"]


def test_response_that_starts_with_its_first_piece_is_left_as_it_is() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", STREAM)
        yield b"late"

    visit = Visit(VisitedWsgiApp(app, StreamSlots(0), KeptConnections()))
    assert b"".join(visit.body) == b"late"
    assert (visit.status, visit.headers) == (200, dict(STREAM))


@pytest.mark.parametrize(("threads", "slots"), [(1, 1), (2, 1), (4, 3), (16, 12), (64, 48)])
def test_one_thread_in_four_never_serves_a_stream(threads: int, slots: int) -> None:
    assert slots_for(threads) == slots


def test_asgi_app_gets_address_and_prefix_and_its_streams_are_unbuffered() -> None:
    seen, sent = [], []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {}

    headers = [(b"x-real-ip", b"203.0.113.7"), (b"x-forwarded-prefix", b"/camera"), (b"x-forwarded-proto", b"https")]
    asyncio.run(
        VisitedAsgiApp(app, AsgiConnections())({"type": "http", "headers": headers, "client": ("", 0)}, receive, send)
    )
    asyncio.run(VisitedAsgiApp(app, AsgiConnections())({"type": "lifespan"}, receive, send))
    assert (seen[0]["client"], seen[0]["root_path"], seen[0]["scheme"]) == (("203.0.113.7", 0), "/camera", "https")
    assert sent[0]["headers"] == [(b"x-accel-buffering", b"no")]
    assert seen[1] == {"type": "lifespan"}


@pytest.mark.parametrize(("kind", "endless"), [("websocket", True), ("http", True), ("http", False)])
def test_open_websockets_and_streams_of_asgi_apps_are_disconnected_at_the_end(kind: str, endless: bool) -> None:
    connections, got = AsgiConnections(), []
    content_type = b"text/event-stream" if endless else b"text/csv"

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if kind == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type)]})
        asyncio.get_running_loop().call_soon(connections.end)
        got.append(await receive())

    async def run() -> None:
        later: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        asyncio.get_running_loop().call_later(0.05, later.put_nowait, {"type": "own"})

        async def send(message: dict[str, Any]) -> None:
            pass

        scope = {"type": kind, "headers": [(b"x-forwarded-proto", b"https")]}
        await VisitedAsgiApp(app, connections)(scope, later.get, send)
        assert scope["scheme"] == ("wss" if kind == "websocket" else "https")

    asyncio.run(run())
    assert [one["type"] for one in got] == [f"{kind}.disconnect" if endless else "own"]


def test_asgi_worker_ends_its_streams_by_its_own_handler() -> None:
    calls: list[str] = []
    stopped = SimpleNamespace(handle_exit_signal=lambda: calls.append("exit"), handle_exit=None)
    watch_exit(stopped, [lambda: calls.append("streams")])
    stopped.handle_exit_signal()
    assert calls == ["exit", "streams"]


def worker(kind: str) -> SimpleNamespace:
    cfg = SimpleNamespace(worker_class_str=kind, threads=4)
    return SimpleNamespace(cfg=cfg, notify=lambda: None, **{"asgi" if kind == "asgi" else "wsgi": app_with(STREAM)})


def test_apps_own_configuration_counts_and_its_hook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gunicorn.conf.py").write_text(
        "import os\nmax_requests = 500\ndef post_worker_init(worker):\n    worker.own = os.path.basename(__file__)\n"
    )
    monkeypatch.chdir(tmp_path)
    settings = runpy.run_path(FILE)
    loaded = worker("gthread")
    settings["post_worker_init"](loaded)
    assert settings["max_requests"] == 500
    assert (type(loaded.wsgi).__name__, loaded.own) == ("VisitedWsgiApp", "gunicorn.conf.py")


def test_only_threads_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, expected in (("gthread", 3), ("gevent", 5)):
        loaded = worker(kind)
        gunicorn_config.post_worker_init(loaded)
        assert [Visit(loaded.wsgi).status for _ in range(5)].count(200) == expected
    loaded = worker("asgi")
    gunicorn_config.post_worker_init(loaded)
    assert isinstance(loaded.asgi, VisitedAsgiApp)


@pytest.mark.parametrize(
    ("argv", "left"),
    [(["gunicorn", "--workers=1", "app:app"], []), (["gunicorn", "--x=1", "--", "app.py", "--pin", "--", "4"], 3)],
)
def test_app_sees_its_own_command_line_only(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], left: list[str] | int
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    worker = SimpleNamespace(app=SimpleNamespace(app_uri="app:app"), handle_exit_signal=lambda *signal: None)
    gunicorn_config.post_fork(None, worker)
    assert sys.argv[1:] == (argv[-left:] if isinstance(left, int) else left)


@pytest.mark.parametrize("expression", ["Server('on').app", "held.app", "Server(state='on').app"])
def test_app_in_an_object_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    code = "class Server:\n    def __init__(self, state):\n        self.app = state\nheld = Server('on')\n"
    (tmp_path / "lamp-server.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    assert gunicorn_config.load_attribute(f"lamp-server:{expression}") == "on"


def worker_that_loads(told: int, name: bytes) -> int:
    """Start a process that waits for its turn, and then keeps it."""
    child = os.fork()
    if child == 0:
        try:
            gunicorn_config.wait_for_turn(SimpleNamespace(notify=lambda: os.write(told, name + b" waits,")))
            os.write(told, name + b" loads,")
            signal.pause()
        finally:
            os._exit(1)
    return child


def test_workers_load_the_app_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two of them do at the same time, such as creating the same table, fails."""
    monkeypatch.setattr(gunicorn_config, "_turn", os.memfd_create("turn"))
    output, told = os.pipe()
    children = [worker_that_loads(told, b"a")]
    try:
        heard = os.read(output, 100)
        children.append(worker_that_loads(told, b"b"))
        heard += os.read(output, 100)
        assert heard.startswith(b"a loads,b waits,")
        os.kill(children[0], signal.SIGKILL)
        while b"b loads" not in heard:
            heard += os.read(output, 100)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
