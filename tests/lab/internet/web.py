"""Serve the web sites of the simulated Internet by name, over HTTP and HTTPS.

They share one address and run in this process.
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from tests.lab import http_client
from tests.lab.internet.authority import Authority, Flaw

PATIENCE = 60.0
GARBAGE = "<!DOCTYPE html><html><head><title>Welcome!</title></head><body>Free wireless: please log in.</body></html>\n"


@dataclass(frozen=True)
class Request:
    """A request, for tests to read."""

    at: float
    scheme: str
    host: str
    method: str
    path: str
    query: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    """By their names in lowercase."""
    body: bytes
    peer: str


@dataclass(frozen=True)
class Reply:
    """A response."""

    text: str | bytes = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.text.encode() if isinstance(self.text, str) else self.text


Behaviour = Callable[[Request], Reply]
Fault = Literal["timeout", "garbage", "500", "reset"] | Flaw | Reply | None
"""No answer; the page of a captive portal; an error; a closed connection; an invalid certificate;
or this reply to every request.
"""


class Site:
    """A web site. Set `fault` to make it fail; read its requests in `requests`."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.refused: list[str] = []
        """The TLS connections that ended before a request, each by its error."""
        self.fault: Fault = None

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Make it fail while the block runs."""
        before, self.fault = self.fault, fault
        try:
            yield
        finally:
            self.fault = before

    @property
    def flaw(self) -> Flaw | None:
        """Return the flaw of its certificate."""
        return self.fault if self.fault in ("expired", "other-name", "untrusted") else None  # type: ignore[return-value]

    def reply(self, request: Request) -> Reply | None:
        """Return the response; None to close the connection without one."""
        self.requests.append(request)
        until = time.monotonic() + PATIENCE
        while self.fault == "timeout" and time.monotonic() < until:
            time.sleep(0.05)
        if isinstance(self.fault, Reply):
            return self.fault
        if self.fault == "garbage":
            return Reply(GARBAGE, headers={"Content-Type": "text/html"})
        if self.fault == "500":
            return Reply("<h1>Internal Server Error</h1>\n", 500)
        if self.fault in ("reset", "timeout"):
            return None
        return self.behaviour(request)


class Web:
    """Answers at addresses of a namespace, ports 80 and 443, for all added sites."""

    def __init__(self, namespace: Path, authority: Authority, addresses: list[str]) -> None:
        self._authority = authority
        self._sites: dict[str, Site] = {}
        self._servers: list[_Server] = []
        for address in addresses:
            self.listen(namespace, address, 80, tls=False)
            self.listen(namespace, address, 443, tls=True)

    def add(self, host: str, site: Site) -> None:
        """Serve this site for `host` from now on."""
        self._sites[host.lower()] = site

    def site(self, host: str | None) -> Site | None:
        return self._sites.get((host or "").lower().partition(":")[0])

    def listen(self, namespace: Path, address: str, port: int, *, tls: bool) -> None:
        """Listen for all sites at one more address or port."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = _Server(
            self, http_client.at(namespace, lambda: _listen(family, address, port)), self._tls() if tls else None
        )
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), name=f"web {address}:{port}", daemon=True)
        serving.start()
        self._servers.append(server)

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _tls(self) -> ssl.SSLContext:
        def choose(connection: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            site = self.site(name)
            if site is not None and name is not None:
                connection.site = site  # type: ignore[attr-defined]
                connection.context = self._authority.context(name.lower(), site.flaw)

        context = self._authority.context("unknown.example")
        context.sni_callback = choose  # type: ignore[assignment]
        return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, web: Web, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.web, self.tls = web, tls
        super().__init__(listening.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        request.settimeout(PATIENCE)
        if self.tls is not None:
            secured = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            try:
                secured.do_handshake()
            except OSError as error:
                site = getattr(secured, "site", None)
                if site is not None:
                    site.refused.append(str(error))
                self.shutdown_request(secured)
                return
            request = secured
        super().process_request_thread(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a client that disconnects; report everything else, a bug in the lab."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        host = (self.headers.get("Host") or "").lower()
        address = urlsplit(self.path)
        request = Request(
            at=time.time(),
            scheme="https" if self.server.tls else "http",
            host=host,
            method=self.command,
            path=address.path,
            query=address.query,
            params=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            peer=self.client_address[0],
        )
        site = self.server.web.site(host)
        reply = Reply("No such site.\n", 404) if site is None else site.reply(request)
        self.close_connection = True
        if reply is None:
            # No clean shutdown: a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.send_response(reply.status)
        own = {"Content-Type": "text/plain", "Content-Length": str(len(reply.body)), "Connection": "close"}
        for name, value in {**own, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Discard the message: the sites keep their requests."""


def _listen(family: int, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(64)
    return made
