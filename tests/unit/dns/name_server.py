"""Run a DNS server on localhost: authoritative for some zones, else a resolver."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dns import flags, message, name, rcode, rdatatype, rrset

Records = dict[tuple[str, str], list[str]]


class NameServer:
    """A DNS server.

    `records` may change while it runs; `lame` makes it refuse its zones, `silent` never answer.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.lame = self.silent = False
        self.asked: list[tuple[str, str]] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def serve(self) -> None:
        while True:
            wire, sender = self.socket.recvfrom(4096)
            if wire == b"stop":
                return
            if not self.silent:
                self.socket.sendto(self.answer(message.from_wire(wire)).to_wire(), sender)

    def answer(self, query: message.Message) -> message.Message:
        (question,) = query.question
        asked, type = question.name.to_text(omit_final_dot=True), rdatatype.to_text(question.rdtype)
        self.asked.append((asked, type))
        answer = message.make_response(query)
        if not self.lame:
            answer.flags |= flags.AA
        for own in (type, "CNAME"):
            if records := self.records.get((asked, own)):
                answer.answer.append(rrset.from_text(question.name, 60, "IN", own, *records))
                return answer
        wanted = name.from_text(asked)
        if not any(name.from_text(known).is_subdomain(wanted) for known, _ in self.records):
            answer.set_rcode(rcode.NXDOMAIN)
        return answer


@contextmanager
def serving(records: Records) -> Iterator[NameServer]:
    """Return the running server."""
    server = NameServer(records)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"stop", ("127.0.0.1", server.port))
        thread.join()
        server.socket.close()
