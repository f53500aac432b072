import http.server
import socketserver
import threading
import urllib.error
import urllib.request

import pytest

from piwizard.rehearsal.window import Window, free_port


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("X-Host", self.headers["Host"])
        self.end_headers()
        self.wfile.write(b"page")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def window():
    port = free_port()
    server = socketserver.TCPServer(("127.0.0.1", port), Site)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    made = Window(port, "myflask.ddns.net")
    yield made
    made.close()
    server.shutdown()
    server.server_close()


def test_the_site_is_asked_by_its_name(window: Window) -> None:
    with urllib.request.urlopen(window.address) as answer:
        assert answer.headers["X-Host"] == "myflask.ddns.net"
        assert answer.read() == b"page"


def test_its_status_is_passed_on(window: Window) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(window.address + "missing")
    assert refused.value.code == 404


def test_nobody_behind_it_is_a_bad_gateway() -> None:
    alone = Window(free_port(), "myflask.ddns.net")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(alone.address)
    alone.close()
    assert refused.value.code == 502
