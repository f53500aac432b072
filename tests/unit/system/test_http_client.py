"""Test that requests to hostile servers end in time and use little memory."""

from __future__ import annotations

import contextlib
import resource
import socket
import ssl
import subprocess
import threading
import time

import pytest

from piwizard.system import connections
from piwizard.system.connections import tcp, unix
from piwizard.system.http_client import Limits, MalformedResponse, request

LINE = b"HTTP/1.1 200 OK\r\n"
QUICK = Limits(seconds=1.0, body=1000, head=4000)
SOON = 20
"""Seconds until a request with QUICK has certainly ended, also on a busy machine."""
BEGINNING = Limits(seconds=5.0, body=1000, body_seconds=0.3)


@pytest.fixture
def server():
    """Start a server that calls `handle` for each connection; return its port."""
    listening, threads = [], []

    def start(handle):
        here = socket.create_server(("127.0.0.1", 0))
        listening.append(here)

        def answer(connection):
            with connection:
                try:
                    connection.recv(65536)
                    handle(connection)
                except OSError:
                    pass

        def accept():
            while True:
                try:
                    connection, _ = here.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=answer, args=(connection,), daemon=True))
                threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[-1].start()
        return here.getsockname()[1]

    yield start
    for one in listening:
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join(10)


def get(port, limits=QUICK, **more):
    return request(tcp("127.0.0.1", port), "/", host="a.example", limits=limits, **more)


def forever(piece, pause=0.0):
    """Send a piece repeatedly until the client disconnects."""

    def handle(connection):
        while True:
            connection.sendall(piece)
            if pause:
                time.sleep(pause)

    return handle


def after(begin, handle):
    """Send something first."""

    def both(connection):
        connection.sendall(begin)
        handle(connection)

    return both


def took(what):
    began = time.monotonic()
    try:
        return what(), time.monotonic() - began
    except (OSError, MalformedResponse) as error:
        return error, time.monotonic() - began


MJPEG = b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "handle",
    [
        after(LINE + MJPEG, forever(b"--frame\r\n\r\n" + bytes(20_000))),
        after(LINE + b"Content-Length: 99999999999\r\n\r\n", forever(bytes(65536))),
        after(LINE + CHUNKED, forever(b"10000\r\n" + bytes(65536) + b"\r\n")),
        after(LINE + CHUNKED, forever(b"1\r\nx\r\n")),
        after(LINE + b"Content-Encoding: gzip\r\n\r\n", forever(bytes(65536))),
    ],
    ids=["stream", "length", "chunks", "tiny chunks", "bomb"],
)
def test_endless_body_is_cut_off(server, handle):
    port, before = server(handle), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer, seconds = took(lambda: get(port))
    assert (answer.status, len(answer.body), answer.whole) == (200, 1000, False)
    assert seconds < SOON
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kilobytes"


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 2", LINE, LINE + b"X-A: ", LINE + b"\r\n"])
def test_slow_body_stops_at_the_deadline(server, begin):
    port = server(after(begin, forever(b"x", 0.05)))
    answer, seconds = took(lambda: get(port))
    assert isinstance(answer, (TimeoutError, MalformedResponse))
    assert seconds < SOON


def test_slow_body_is_cut_with_body_seconds(server):
    port = server(after(LINE + MJPEG + b"first", forever(b"x", 0.05)))
    answer, seconds = took(lambda: get(port, BEGINNING))
    assert (answer.status, answer.whole) == (200, False)
    assert answer.body.startswith(b"first")
    assert seconds < SOON


@pytest.mark.parametrize(
    "handle",
    [
        after(LINE, forever(b"X-A: " + b"b" * 1000 + b"\r\n")),
        after(LINE, forever(b"X-A: b\r\n")),
        after(LINE + b"X-A: ", forever(b"b" * 65536)),
        forever(b"HTTP/1.1 100 Continue\r\n\r\n"),
        forever(b"h" * 65536),
        after(LINE + CHUNKED + b"0\r\n", forever(b"X-A: b\r\n")),
    ],
    ids=["large", "many", "one", "continue", "status", "trailers"],
)
def test_endless_headers_are_refused(server, handle):
    port, before = server(handle), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer, seconds = took(lambda: get(port))
    assert isinstance(answer, MalformedResponse) or not answer.whole
    assert seconds < SOON
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kilobytes"


def test_redirects_are_not_followed(server):
    asked = []
    other = server(asked.append)
    port = server(
        lambda connection: connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % other
        )
    )
    assert get(port).status == 302
    assert asked == []


@pytest.mark.parametrize(
    "sent", [b"", b"what?\r\n\r\n", LINE, LINE + b"Content-Length: 10\r\n\r\nfive!", LINE + CHUNKED + b"5\r\nfi"]
)
def test_incomplete_answer_is_malformed(server, sent):
    port = server(lambda connection: connection.sendall(sent))
    answer, _ = took(lambda: get(port))
    if sent == LINE:  # without headers and body, it is still an answer
        assert (answer.status, answer.body) == (200, b"")
    else:
        assert isinstance(answer, MalformedResponse if sent else ConnectionResetError)


@pytest.mark.parametrize(("size", "whole"), [(999, True), (1000, True), (1001, False)])
@pytest.mark.parametrize("framing", ["length", "close", "chunked"])
def test_body_of_exactly_the_limit_is_whole(server, size, whole, framing):
    body = bytes(size)
    head = {"length": b"Content-Length: %d\r\n\r\n" % size, "close": b"\r\n", "chunked": CHUNKED}[framing]
    sent = LINE + head + (b"%x\r\n" % size + body + b"\r\n0\r\n\r\n" if framing == "chunked" else body)
    answer = get(server(lambda connection: connection.sendall(sent)))
    assert (len(answer.body), answer.whole) == (min(size, 1000), whole)


def test_kept_open_connection_is_not_waited_for(server):
    port = server(after(LINE + b"Content-Length: 2\r\nX-A: b\r\n\r\nok", lambda connection: connection.recv(1)))
    answer, seconds = took(lambda: get(port, Limits(seconds=5)))
    assert (answer.body, answer.headers["x-a"], answer.whole) == (b"ok", "b", True)
    assert seconds < SOON


def test_head_has_no_body(server):
    port = server(after(LINE + b"Date: today\r\nContent-Length: 999\r\n\r\n", lambda connection: connection.recv(1)))
    assert get(port, method="HEAD").headers["date"] == "today"


def test_endless_handshake_stops_at_the_deadline(server):
    port = server(forever(b"\x16\x03\x03\x00\x01\x00", 0.05))
    connect = tcp("127.0.0.1", port, tls=ssl.create_default_context(), name="a.example")
    answer, seconds = took(lambda: request(connect, "/", host="a.example", limits=QUICK))
    assert isinstance(answer, OSError)
    assert seconds < SOON


def test_endless_dns_lookup_stops_at_the_deadline(monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given: [waiting.wait(10)][:0])
    answer, seconds = took(lambda: request(tcp("slow.example", 80), "/", host="slow.example", limits=QUICK))
    waiting.set()
    assert isinstance(answer, TimeoutError)
    assert seconds < SOON


@pytest.mark.parametrize("host", ["a..b.example", "x" * 70 + ".example", "nowhere.invalid"])
def test_unknown_host_name_is_an_os_error(host):
    answer, _ = took(lambda: request(tcp(host, 80), "/", host=host, limits=Limits(seconds=10)))
    assert isinstance(answer, (socket.gaierror, TimeoutError))


def test_silent_address_leaves_time_for_the_next(server, monkeypatch):
    port = server(lambda connection: connection.sendall(LINE + b"Content-Length: 0\r\n\r\n"))
    with socket.socket() as full:  # bound and not listening: a connection is refused immediately
        full.bind(("127.0.0.1", 0))
        rows = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in (full.getsockname(), ("127.0.0.1", port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *given: rows)
        assert request(tcp("two.example", 80), "/", host="two.example").status == 200


def test_unix_socket_and_tls(server, tmp_path, pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem / "cert", pem / "key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with context.wrap_socket(listening.accept()[0], server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(LINE + MJPEG)
                forever(bytes(65536))(connection)

        def quietly():
            with contextlib.suppress(OSError):
                answer()

        thread = threading.Thread(target=quietly)
        thread.start()
        trusting = ssl.create_default_context(cafile=str(pem / "cert"))
        connect = tcp("127.0.0.1", listening.getsockname()[1], tls=trusting, name="pi.example")
        assert request(connect, "/", host="pi.example", limits=QUICK).status == 200
        thread.join()
    with pytest.raises(FileNotFoundError):
        request(unix(str(tmp_path / "none")), "/", host="x")


@pytest.fixture
def pem(tmp_path):
    """Make a new certificate for one host name."""
    key = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9")
    name = ("-subj", "/CN=pi.example", "-addext", "subjectAltName=DNS:pi.example")
    out = ("-keyout", tmp_path / "key", "-out", tmp_path / "cert")
    subprocess.run(["openssl", *key, *name, *out], check=True, capture_output=True)
    return tmp_path


def test_deadline_counts_down():
    deadline = connections.Deadline(100)
    deadline.shorten(0)
    with pytest.raises(TimeoutError):
        deadline.left()
