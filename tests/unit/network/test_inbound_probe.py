"""Test a request to our own public IP, with a server that logs as nginx does."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from piwizard.network import inbound_probe


@pytest.fixture
def served(tmp_path):
    """Return a server's port; `log` says whether it writes requests to its log."""
    servers = []

    def made(*, log):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(404)
                self.end_headers()
                if log:
                    (tmp_path / "blog.access.log").write_text(f'127.0.0.1 "GET {self.path}" 404\n')

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


def test_probe_arrives_at_nginx(served, tmp_path):
    assert inbound_probe.probe_port("127.0.0.1", "blog.example.org", tmp_path, served(log=True))


def test_probe_ignores_the_routers_page(served, tmp_path, monkeypatch):
    monkeypatch.setattr(inbound_probe, "LOG_WAIT_SECONDS", 0.1)
    (tmp_path / "blog.access.log").write_text("an older line\n")
    assert not inbound_probe.probe_port("127.0.0.1", "blog.example.org", tmp_path, served(log=False))


def test_probe_without_an_answer_fails(tmp_path, served):
    port = served(log=False)
    assert not inbound_probe.probe_port("127.0.0.2", "blog.example.org", tmp_path, port, seconds=0.2)


def test_server_name_is_found_in_sites():
    default = "server {\n    listen 80 default_server;\n    server_name _;\n}\n"
    site = "server {\n    server_name blog.example.org www.blog.example.org;\n}\n"
    assert inbound_probe.find_server_name([default, site]) == "blog.example.org"
    assert inbound_probe.find_server_name([default]) is None
