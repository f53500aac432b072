"""Simulate DNS: authoritative servers and public resolvers, over UDP and TCP."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Iterable
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query

from tests.lab import http_client
from tests.lab.internet.names import Zones

PATIENCE = 5.0


class NameServer:
    """A name server in a namespace, run by this process.

    Its resolvers forward unknown names to `upstream`.
    """

    def __init__(
        self, namespace: Path, zones: Zones, *, authoritative: Iterable[str], resolvers: Iterable[str], upstream: str
    ) -> None:
        self._namespace = namespace
        self._zones = zones
        self._resolvers = frozenset(resolvers)
        self._upstream = upstream
        addresses = [*authoritative, *self._resolvers]
        # One socket per address: a reply must come from the address of the query.
        listening = http_client.at(namespace, lambda: [_listen(a, kind) for a in addresses for kind in (_UDP, _TCP)])
        self._sockets = listening
        self._selector = selectors.DefaultSelector()
        for each in listening:
            self._selector.register(each, selectors.EVENT_READ)
        threading.Thread(target=self._serve, name="names", daemon=True).start()

    def close(self) -> None:
        for each in self._sockets:
            each.close()

    def _serve(self) -> None:
        while True:
            try:
                ready = self._selector.select()
            except (OSError, ValueError):
                return
            for key, _ in ready:
                waiting = key.fileobj
                assert isinstance(waiting, socket.socket)
                try:
                    if waiting.type == _TCP:
                        connection, peer = waiting.accept()
                        threading.Thread(target=self._converse, args=(connection, peer[0]), daemon=True).start()
                    else:
                        data, peer = waiting.recvfrom(65535)
                        self._datagram(waiting, data, peer)
                except OSError:
                    if waiting.fileno() < 0:
                        return

    def _datagram(self, receiver: socket.socket, data: bytes, peer: tuple[str, int]) -> None:
        server = receiver.getsockname()[0]
        query = _parse(data)
        if query is None:
            return
        self._zones.note(query, server, peer[0])
        try:
            answer = self._zones.answer(query, resolver=server in self._resolvers)
        except LookupError:
            # On a port that nothing else uses.
            threading.Thread(target=self._forward, args=(query, data, receiver, peer), daemon=True).start()
            return
        if answer is not None:
            receiver.sendto(_fitting(answer, query), peer)

    def _forward(self, query: dns.message.Message, data: bytes, sender: socket.socket, peer: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            sender.sendto(self._ask_upstream(data), peer)

    def _ask_upstream(self, data: bytes) -> bytes:
        asking = http_client.at(self._namespace, lambda: socket.socket(socket.AF_INET, _UDP))
        with asking:
            asking.settimeout(PATIENCE)
            asking.connect((self._upstream, 53))
            asking.send(data)
            return asking.recv(65535)

    def _converse(self, connection: socket.socket, peer: str) -> None:
        server = connection.getsockname()[0]
        connection.settimeout(PATIENCE)
        with connection, contextlib.suppress(OSError, struct.error):
            stream = connection.makefile("rb")
            while True:
                (length,) = struct.unpack("!H", stream.read(2))
                data = stream.read(length)
                query = _parse(data)
                if query is None:
                    return
                self._zones.note(query, server, peer)
                try:
                    answer = self._zones.answer(query, resolver=server in self._resolvers)
                except LookupError:
                    reply = self._ask_upstream(data)
                else:
                    if answer is None:
                        return
                    reply = answer.to_wire(max_size=65535)
                connection.sendall(struct.pack("!H", len(reply)) + reply)


_UDP, _TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM


def _listen(address: str, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, 53))
    if kind == _TCP:
        made.listen(64)
    return made


def _parse(data: bytes) -> dns.message.Message | None:
    try:
        query = dns.message.from_wire(data)
    except dns.exception.DNSException:
        return None
    return None if query.flags & dns.flags.QR else query


def _fitting(answer: dns.message.Message, query: dns.message.Message) -> bytes:
    try:
        return answer.to_wire(max_size=query.payload if query.edns >= 0 else 512)
    except dns.exception.TooBig:
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC | (answer.flags & dns.flags.AA)
        return short.to_wire()
