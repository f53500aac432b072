"""Open the clone's site in a browser: a proxy that sends the site's host name."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import socketserver
import threading
from collections.abc import Iterator

PORTS = (*range(8080, 8090), 0)
CHUNK_BYTES = 65_536
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade"}


class LocalProxy:
    """A proxy to 127.0.0.1:`port` with the Host header `host`.

    nginx answers to no other name.
    """

    def __init__(self, port: int, host: str) -> None:
        handler = type("Handler", (_Handler,), {"port": port, "host": host})
        for own in PORTS:
            with contextlib.suppress(OSError):
                self._server = _Server(("127.0.0.1", own), handler)
                break
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop the proxy."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """Replaces http.server's own, which first does a DNS lookup of 127.0.0.1."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    port = 0
    host = ""

    def forward(self) -> None:
        """Forward one request and its answer piece by piece: either may be larger than the memory."""
        length = int(self.headers.get("Content-Length") or 0)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
        own = {"Host": self.host, "Connection": "close"}
        site = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            site.request(self.command, self.path, self._read_body(length) if length else None, {**kept, **own})
            answer = site.getresponse()
        except (OSError, http.client.HTTPException) as error:
            site.close()
            self.close_connection = True  # the rest of the request is not read
            self.send_error(502, "The clone does not answer", str(error))
            return
        self.close_connection = True  # marks the end of an answer that may have no length
        with contextlib.closing(site), contextlib.suppress(OSError, http.client.HTTPException):
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while self.command != "HEAD" and (piece := answer.read1(CHUNK_BYTES)):
                self.wfile.write(piece)

    def _read_body(self, length: int) -> Iterator[bytes]:
        while length > 0 and (piece := self.rfile.read(min(CHUNK_BYTES, length))):
            length -= len(piece)
            yield piece

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the rehearsal has its own log."""


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
