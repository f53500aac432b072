import http.server
import resource
import socketserver
import threading
import urllib.error
import urllib.request

import pytest

from piwizard.rehearsal.local_proxy import LocalProxy, free_port


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("X-Host", self.headers["Host"])
        self.end_headers()
        self.wfile.write(b"page")
        while self.path == "/stream":
            self.wfile.write(bytes(65536))

    def do_POST(self) -> None:
        left, size = int(self.headers["Content-Length"]), 0
        while left and (piece := self.rfile.read(min(left, 65536))):
            left, size = left - len(piece), size + len(piece)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(size).encode())

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Ignore the error: the client has closed the stream."""


@pytest.fixture
def window():
    port = free_port()
    server = Server(("127.0.0.1", port), Site)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    made = LocalProxy(port, "myflask.ddns.net")
    yield made
    made.close()
    server.shutdown()
    server.server_close()


def test_proxy_sends_the_site_name(window: LocalProxy) -> None:
    with urllib.request.urlopen(window.address) as answer:
        assert answer.headers["X-Host"] == "myflask.ddns.net"
        assert answer.read() == b"page"


def test_proxy_passes_on_the_status(window: LocalProxy) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(window.address + "missing")
    assert refused.value.code == 404


def test_proxy_without_a_site_answers_bad_gateway() -> None:
    alone = LocalProxy(free_port(), "myflask.ddns.net")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(alone.address)
    alone.close()
    assert refused.value.code == 502


def test_proxy_streams_endless_answers(window: LocalProxy) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with urllib.request.urlopen(window.address + "stream", timeout=60) as answer:
        assert answer.read(4) == b"page"
        for _ in range(1000):
            assert len(answer.read(65536)) == 65536
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "uses too many kilobytes"


def test_proxy_streams_uploads(window: LocalProxy) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pieces = (bytes(65536) for _ in range(1000))
    sent = urllib.request.Request(window.address, pieces, {"Content-Length": str(65536 * 1000)})
    with urllib.request.urlopen(sent, timeout=30) as answer:
        assert answer.read() == b"65536000"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "uses too many kilobytes"
