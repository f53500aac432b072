"""Test WebSockets and streams, which stay open, through a real nginx."""

from __future__ import annotations

import contextlib
import re
import socket
import time

import pytest

from piwizard.nginx.request_limits import SILENCE
from piwizard.nginx.server_blocks import SiteBlock, render_site

UPGRADE = ("Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
EVENTS = ("Accept: text/event-stream",)
OPEN_STREAMS = 50
SHORT = {"faster": {"proxy_read_timeout 60s;": "proxy_read_timeout 1s;"}}


@contextlib.contextmanager
def opened(served, path, *headers, secure=False):
    """Open a connection and send one request; nothing is read yet."""
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(
            served.handshake("pi.example") if secure else socket.create_connection(("127.0.0.1", served.port), 10)
        )
        lines = (f"GET {path} HTTP/1.1", "Host: pi.example", *headers, "", "")
        connection.sendall("\r\n".join(lines).encode())
        yield connection


def read_until(connection, wanted):
    """Return what arrives, up to these bytes."""
    found = b""
    while wanted not in found:
        piece = connection.recv(4096)
        assert piece, found
        found += piece
    return found


@pytest.mark.parametrize("served", [{"https": True}, {}], indirect=True, ids=["https", "http"])
def test_websocket_passes_nginx_in_both_directions(request, served):
    with opened(served, "/socket", *UPGRADE, secure=request.node.callspec.id == "https") as connection:
        head = read_until(connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"upgrade: websocket" in head.lower()
        for word in (b"hello", b"again"):
            connection.sendall(word)
            assert read_until(connection, word) == word


@pytest.mark.parametrize("served", [SHORT], indirect=True)
def test_only_upgraded_connections_and_event_streams_may_be_silent_for_long(served):
    with opened(served, "/socket", *UPGRADE) as connection, opened(served, "/events", *EVENTS) as events:
        read_until(connection, b"\r\n\r\n")
        read_until(events, b"data: 1")
        assert served.get("/late").status == 504
        connection.sendall(b"still here")
        assert read_until(connection, b"still here")
        served.backend.let_go.set()
        assert b"data: 2" in read_until(events, b"data: 2")


def test_other_protocols_are_not_passed_on(served):
    for protocol in ("h2c", "websocket, h2c", "TLS/1.0", "forged websocket"):
        headers = dict(served.get("/", headers=[("Connection", "Upgrade"), ("Upgrade", protocol)]).asked["headers"])
        assert not {"upgrade", "connection"} & headers.keys(), protocol


def test_request_that_stays_open_reaches_the_app_with_method_body_and_headers(served):
    headers = [("Accept", "text/event-stream"), ("X-Real-IP", "6.6.6.6"), ("Content-Length", "0")]
    asked = dict(served.get("/x?y", method="POST", headers=headers).asked["headers"])
    assert asked["x-real-ip"] == "127.0.0.1"
    assert asked["accept"] == "text/event-stream"
    assert served.get("/dead", headers=headers[:1]).body.startswith(b"The site is not answering")


def test_static_files_stay_those_of_nginx_for_every_kind_of_request(served):
    (served.static / "a.css").write_text("published")
    for headers in ([("Accept", "text/event-stream")], [("Upgrade", "websocket"), ("Connection", "Upgrade")]):
        assert served.get("/static/a.css", headers=headers).body == b"published"
        assert served.get("/static/.env", headers=headers).status == 404
    assert not served.backend.connections


@pytest.mark.parametrize("path", ["/events", "/events-unbuffered"])
def test_events_arrive_as_the_app_sends_them(served, path):
    headers = EVENTS if path == "/events" else ()
    with opened(served, path, *headers) as connection:
        assert b"data: 2" not in read_until(connection, b"data: 1\n\n")
        served.backend.let_go.set()
        read_until(connection, b"data: 2\n\n")


def test_page_answers_at_once_while_streams_are_open(served):
    with contextlib.ExitStack() as streams:
        for number in range(OPEN_STREAMS):
            headers = UPGRADE if number % 2 else EVENTS
            connection = streams.enter_context(opened(served, "/socket" if number % 2 else "/events", *headers))
            read_until(connection, b"\r\n\r\n")
        took = []
        for _ in range(10):
            began = time.monotonic()
            assert served.get("/").status == 200
            took.append(time.monotonic() - began)
        assert sorted(took)[5] < 1
        served.backend.let_go.set()


def test_variables_carry_the_name_of_the_site():
    text = render_site(SiteBlock(name="a-b", domains=("pi.example",), socket="/run/a-b.sock"))
    for variable in re.findall(r"^map \S+ \$(\w+)", text, re.M):
        assert variable.startswith("site_a_b_")
    assert text.count(f"proxy_read_timeout {SILENCE};") == 1
