"""Receive mail over SMTP with STARTTLS and a password, and notifications as an ntfy server does."""

from __future__ import annotations

import asyncio
import email.policy
import json
import socket
import threading
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.lab import http_client
from tests.lab.internet import SITES, Internet, Reply, Request, Site

PORT = 587


@dataclass(frozen=True)
class Mail:
    """A mail that has arrived."""

    to: tuple[str, ...]
    subject: str
    text: str


class MailServer:
    """A mail server in the simulated Internet; `mails` are those it has accepted."""

    def __init__(self, net: Internet, host: str, login: str, password: str) -> None:
        self.host, self.login, self.password = host, login, password
        self.mails: list[Mail] = []
        net.zone.set(host, "A", SITES)
        listening = http_client.at(net.wan, lambda: socket.create_server((SITES, PORT)))
        self._loop = asyncio.new_event_loop()
        context = net.authority.context(host)
        started = threading.Event()

        def serve() -> None:
            asyncio.set_event_loop(self._loop)
            made = self._loop.create_server(
                lambda: SMTP(
                    self,
                    tls_context=context,
                    require_starttls=True,
                    auth_required=True,
                    authenticator=self._authenticate,
                    loop=self._loop,
                ),
                sock=listening,
            )
            self._server = self._loop.run_until_complete(made)
            started.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=serve, name=f"mail {host}", daemon=True)
        self._thread.start()
        started.wait(10)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take in a mail."""
        content = envelope.content
        message = message_from_bytes(content if isinstance(content, bytes) else b"", policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body is not None else ""
        self.mails.append(Mail(tuple(envelope.rcpt_tos), str(message["subject"]), text))
        return "250 OK"

    def close(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        ok = isinstance(data, LoginPassword) and data == LoginPassword(self.login.encode(), self.password.encode())
        return AuthResult(success=ok)


class NtfyServer(Site):
    """An ntfy server: `messages` are the JSON objects that clients have published."""

    def __init__(self, net: Internet, host: str) -> None:
        super().__init__(self._publish)
        self.messages: list[dict[str, Any]] = []
        net.add_site(host, self)

    def _publish(self, request: Request) -> Reply:
        try:
            message = json.loads(request.body)
            self.messages.append({"topic": message["topic"], "title": message["title"], "text": message["message"]})
        except (ValueError, TypeError, KeyError):
            return Reply('{"code": 40024, "error": "invalid request"}', 400)
        return Reply('{"id": "sPs71M8A2T", "event": "message"}', headers={"Content-Type": "application/json"})
