"""Provide accounts at each provider, and a provider of the test over HTTPS."""

from __future__ import annotations

import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread

import pytest

from piwizard.dns.ddns_account import account_of
from piwizard.dns.providers import PROVIDERS

TOKEN = "0d5b1f6e-77aa-4d1b-9c4f-abcdef012345"


class Given(dict):
    """Answers as a step gets them, with one secret."""

    def __init__(self, values, secret):
        super().__init__({f"ddns.{name}": value for name, value in values.items() if value is not None})
        self.secrets = {} if secret is None else {"ddns.password": secret}


@pytest.fixture
def account():
    """Return an account at that provider; the secret is `password`."""

    def made(provider="no-ip", **more):
        suffix = next(iter(PROVIDERS[provider].suffixes), "example.org")
        secret = more.pop("password", TOKEN)
        server = "ddns.example.org" if provider == "custom" else None
        values = {"provider": provider, "hostname": f"songuuli.{suffix}", "username": "me@example.org"}
        return account_of(Given(values | {"server": server} | more, secret))

    return made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Create a self-signed certificate for "localhost"."""
    folder = tmp_path_factory.mktemp("certificate")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    named = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    subprocess.run(
        (*made, *named, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"), check=True, capture_output=True
    )
    return folder


class Provider:
    """A provider that answers with `status` and `text`, or by path from `pages`.

    It keeps the requests.
    """

    def __init__(self, certificate):
        self.status, self.text, self.pages, self.asked = 200, "good 11.22.33.44\r\n", {}, []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                length = int(self.headers.get("Content-Length", 0))
                provider.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length).decode()))
                status, text = provider.pages.get((self.command, self.path.partition("?")[0]), (None, None))
                self.send_response(status or provider.status)
                self.end_headers()
                self.wfile.write((provider.text if text is None else text).encode())

            do_PATCH = do_GET

            def log_message(self, format, *args): ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.name = f"localhost:{self.server.server_port}"


@pytest.fixture
def provider(certificate, monkeypatch):
    """Start a provider whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    made = Provider(certificate)
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()
