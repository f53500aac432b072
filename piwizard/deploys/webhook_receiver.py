"""Receive the webhooks of a git server, and ask for a deploy if one is genuine.

A program of its own, copied to /usr/local/lib/piwizard. systemd starts it with the socket that nginx passes requests
to, as a user that may only send one byte to the socket that starts a deploy. It ends when nothing has come for a while.
What a webhook says is never used: the deploy asks the repository itself, so a replayed one changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.parse import parse_qs

MAX_BODY_BYTES = 2 << 20
PIECE_BYTES = 64 << 10
REQUEST_SECONDS = 15
"""For a whole request, however its pieces arrive."""
MAX_REQUESTS = 16
"""Requests at a time. One more is refused at once, so that slow ones use up neither memory nor threads."""
STACK_BYTES = 256 << 10
BUSY = b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
IDLE_SECONDS = 60
LISTENING = 3
"""The handle of the first socket that systemd passes."""
SIGNATURES = ("X-Hub-Signature-256", "X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature")
"""Headers with the HMAC-SHA256 of the body in hexadecimal: GitHub, Forgejo, Gitea, Bitbucket."""
EVENTS = ("X-GitHub-Event", "X-Forgejo-Event", "X-Gitea-Event", "X-Gitlab-Event", "X-Event-Key")
PUSHES = ("push", "Push Hook", "Tag Push Hook", "repo:push")
STANDARD_PREFIX = "whsec_"
"""Begins a key in base64, as in the specification Standard Webhooks, which GitLab's signing tokens follow."""


def is_genuine(headers: Message, body: bytes, secret: str) -> bool:
    """Return whether whoever sent this knows the secret.

    The first kind of proof that is there decides: a wrong signature is not saved by a right token.
    """
    for name in SIGNATURES:
        if given := headers.get(name):
            expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            return _equal(given.removeprefix("sha256="), expected)
    if given := headers.get("webhook-signature"):
        return _standard(given, headers, body, secret)
    return _equal(headers.get("X-Gitlab-Token", ""), secret)


def _standard(given: str, headers: Message, body: bytes, secret: str) -> bool:
    """Check a signature as in Standard Webhooks, of which there may be several."""
    key = secret.encode()
    if secret.startswith(STANDARD_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except binascii.Error:
            return False
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(_equal(one.removeprefix("v1,"), expected) for one in given.split(" ")[:10])


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def pushed_branches(body: bytes) -> tuple[str, ...] | None:
    """Return the branches and tags that a webhook is about; None if it is malformed."""
    try:
        text = body.decode()
        if text.startswith("payload="):
            text = parse_qs(text, max_num_fields=10)["payload"][0]
        content = json.loads(text)
        if "ref" in content:
            return (str(content["ref"]).removeprefix("refs/heads/").removeprefix("refs/tags/"),)
        changes = content.get("push", {}).get("changes", ())
        return tuple(str(one["new"]["name"]) for one in changes if one.get("new"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class Webhook(BaseHTTPRequestHandler):
    """One request of a git server."""

    timeout = REQUEST_SECONDS
    server_version = "piwizard"
    sys_version = ""
    server: Receiver

    def do_POST(self) -> None:
        """Answer at once: the deploy follows by itself."""
        try:
            size = int(self.headers.get("Content-Length", ""))
        except ValueError:
            self._answer(411, "The length is missing.")
            return
        if not 0 <= size <= MAX_BODY_BYTES:
            self._answer(413, "The content is too large.")
            return
        body = self._body(size)
        if body is None:
            self._answer(408, "The content did not arrive in time.")
            return
        if len(body) < size or not is_genuine(self.headers, body, self.server.secret):
            self._answer(403, "The secret or the signature is wrong.")
            return
        self._answer(*self._decide(body))

    def _body(self, size: int) -> bytes | None:
        """Return the content, or what came before its sender closed; None if it takes too long."""
        body, until = bytearray(), time.monotonic() + REQUEST_SECONDS
        while len(body) < size:
            self.connection.settimeout(max(0.001, until - time.monotonic()))
            try:
                piece = self.rfile.read1(min(size - len(body), PIECE_BYTES))
            except TimeoutError:
                return None
            if not piece:
                break
            body += piece
        self.connection.settimeout(self.timeout)
        return bytes(body)

    def _decide(self, body: bytes) -> tuple[int, str]:
        event = next((value for name in EVENTS if (value := self.headers.get(name))), "push")
        if event == "ping":
            return 200, "The webhook works."
        if event not in PUSHES:
            return 200, "Nothing to do: only pushes are deployed."
        branches = pushed_branches(body)
        if branches is None:
            return 400, "The content is no JSON of a push."
        if self.server.branch not in branches:
            return 200, f"Nothing to do: only {self.server.branch} is deployed."
        self.server.ask()
        return 202, "A deploy follows."

    def _answer(self, status: int, text: str) -> None:
        content = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        """Return who asked: nginx, always."""
        return "nginx"

    def log_message(self, format: str, *arguments: object) -> None:
        """Log the status alone: nginx has the request in its own log."""
        if len(arguments) == 3:
            sys.stderr.write(f"answered with {arguments[1]}\n")


class Receiver(ThreadingMixIn, UnixStreamServer):
    """The server for one site.

    nginx passes a request on while it arrives: here is the limit of its time, since nginx has one for each pause only.
    """

    timeout = IDLE_SECONDS
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, listening: socket.socket, branch: str, secret: str, door: str) -> None:
        super().__init__("", Webhook, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.branch, self.secret, self.door = branch, secret, door
        self.idle = False
        self._free = threading.BoundedSemaphore(MAX_REQUESTS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 — as in the standard library
        """Handle a request in a thread of its own, or refuse it if there are too many."""
        if not self._free.acquire(blocking=False):
            with suppress(OSError):
                request.setblocking(False)
                request.sendall(BUSY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Handle a request, and let another one in afterwards."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def get_request(self) -> tuple[socket.socket, str]:
        """Return the next connection, with an address that the handler can index."""
        connection, _ = self.socket.accept()
        return connection, "nginx"

    def handle_timeout(self) -> None:
        """Note that nothing has come for a while."""
        self.idle = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Log one line for a client that has gone, or for a bug."""
        sys.stderr.write(f"a request failed: {sys.exc_info()[1]!r}\n")

    def ask(self) -> None:
        """Ask for a deploy. If one is asked for already, that is enough."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            try:
                door.sendto(b"1", self.door)
            except BlockingIOError:
                return


def main(argv: Sequence[str]) -> int:
    """Serve a site until nothing comes any more: SITE, BRANCH."""
    site, branch = argv[1:3]
    secret = (Path(os.environ["CREDENTIALS_DIRECTORY"]) / "secret").read_text().strip()
    threading.stack_size(STACK_BYTES)
    listening = socket.socket(fileno=LISTENING)
    receiver = Receiver(listening, branch, secret, f"/run/piwizard-deploy-{site}.sock")
    while not receiver.idle:
        receiver.handle_request()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
