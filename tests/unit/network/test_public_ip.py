"""Test services that return our public IP, correct and faulty ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from piwizard.network import public_ip

ANSWERS = {
    "/good": (200, "11.22.33.44\n"),
    "/six": (200, "2606:4700::1"),
    "/page": (200, "<html>Log in to the hotel's network</html>" * 10),
    "/home": (200, "192.168.1.1"),
    "/carrier": (200, "100.64.3.4"),
    "/moved": (302, "11.22.33.44"),
}


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, text = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_public_ip_is_the_first_valid_answer(service: str) -> None:
    asked = [service + path for path in ("/page", "/moved", "/good")]
    assert public_ip.find_public_ip(4, asked).address == "11.22.33.44"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/page", "something that is not an address"),
        ("/home", "192.168.1.1, which is not a public address"),
        ("/carrier", "100.64.3.4, which is not a public address"),
        ("/six", "an address that is not IPv4"),
        ("/moved", "answered 302"),
    ],
)
def test_invalid_answer_is_no_public_ip(service: str, path: str, words: str) -> None:
    found = public_ip.find_public_ip(4, [service + path])
    assert found.address is None
    assert words in found.reason


def test_public_ip_without_services_is_unknown() -> None:
    found = public_ip.find_public_ip(4, ["https://127.0.0.1:1/"])
    assert found.reason == "No service reported the public IP (127.0.0.1: cannot be reached)."
