"""Test requests to real servers."""

from __future__ import annotations

import http.server
import socket
import socketserver
import threading

import pytest

from piwizard.system import checks


class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self):
        return "test"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("X-Host", self.headers["Host"])
        self.end_headers()
        self.wfile.write(self.headers["X-Forwarded-Proto"].encode())


class Server(socketserver.ThreadingUnixStreamServer):
    def get_request(self):
        return super().get_request()[0], ("local", 0)


@pytest.fixture
def served(tmp_path):
    """Return the socket of a server."""
    path = str(tmp_path / "s.sock")
    with Server(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield path
        server.shutdown()
        thread.join()


def test_page_is_returned_with_status_and_headers(served):
    found = checks.get_page("/", host="blog.example.org", unix=served)
    assert (found.status, found.headers["x-host"], found.body) == (200, "blog.example.org", b"http")
    assert checks.get_page("/gone", host="x", unix=served, headers={"X-Forwarded-Proto": "https"}).body == b"https"
    assert checks.get_page("/gone", host="x", unix=served).status == 404


def test_page_is_none_without_a_server(tmp_path):
    assert checks.get_page("/", host="x", unix=str(tmp_path / "none")) is None
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "deaf"))
        assert checks.get_page("/", host="x", unix=str(tmp_path / "deaf")) is None


def test_page_is_none_without_http(tmp_path):
    class Rude(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"what?\r\n\r\n")

    path = str(tmp_path / "rude")
    with Server(path, Rude) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        assert checks.get_page("/", host="x", unix=path) is None
        server.shutdown()
        thread.join()


def test_poll_until_waits_for_the_value():
    seen = iter(range(100))
    assert checks.poll_until(lambda: next(seen), lambda number: number == 3) == 3
    assert checks.poll_until(lambda: "never", lambda word: False, seconds=0) == "never"
