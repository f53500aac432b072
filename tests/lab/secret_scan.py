"""Search files, arguments, environments, the journal and terminals for secrets."""

from __future__ import annotations

import base64
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.dialogue import ESCAPES
from tests.lab.pi import Pi

CONNECTOR, PROCESSES, LISTEN, EXEC = 11, 1, 1, 2
NETLINK_DONE = 3
HEADERS = 16 + 20
"""The bytes of nlmsghdr and cn_msg, before those of proc_event."""
VOLATILE = ("run", "tmp", "dev/shm", "var/tmp")


@dataclass(frozen=True)
class Leak:
    """A secret, by its name, and the place where it was found."""

    secret: str
    place: str


class Watch:
    """A record of every program that starts on a Pi, as the kernel reports it."""

    def __init__(self, pi: Pi) -> None:
        self._space = os.readlink(f"/proc/{pi.container.leader}/ns/pid")
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, CONNECTOR)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind((0, PROCESSES))
        self._socket.settimeout(0.2)
        word = struct.pack("=IIIIHHI", PROCESSES, 1, 0, 0, 4, 0, LISTEN)
        self._socket.send(struct.pack("=IHHII", 16 + len(word), NETLINK_DONE, 0, 0, os.getpid()) + word)
        self._over = threading.Event()
        self.seen: list[tuple[int, bytes, bytes]] = []
        """User, arguments and environment of each."""
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def end(self) -> None:
        """Stop recording."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                message = self._socket.recv(4096)
            except TimeoutError:
                continue
            (what,) = struct.unpack_from("=I", message, HEADERS)
            if what == EXEC:
                self._scan_process(Path("/proc") / str(struct.unpack_from("=I", message, HEADERS + 16)[0]))

    def _scan_process(self, process: Path) -> None:
        try:
            if os.readlink(process / "ns/pid") == self._space:
                found = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
                self.seen.append((process.stat().st_uid, *found))
        except (FileNotFoundError, ProcessLookupError):
            return  # gone meanwhile
        except PermissionError:
            return  # it has more capabilities than this process, which started the Pi: it is not on the Pi


def of_processes(watch: Watch, secrets: Mapping[str, str]) -> Iterator[Leak]:
    """Return secrets in arguments and environments, by program and user."""
    for user, arguments, environment in watch.seen:
        for name, shape in _shapes(secrets):
            if shape in arguments:
                yield Leak(name, "argv of " + arguments.replace(b"\0", b" ").decode(errors="replace")[:60])
            if shape in environment:
                program = arguments.partition(b"\0")[0].decode(errors="replace")
                yield Leak(name, f"environment of {program} of user {user}")


def of_files(pi: Pi, secrets: Mapping[str, str]) -> Iterator[Leak]:
    """Return secrets in everything that the Pi has written, on disk and in memory."""
    inside = Path(f"/proc/{pi.container.leader}/root")
    for root, folder in ((pi.upper, pi.upper), *((inside, inside / name) for name in VOLATILE)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                for name, shape in _shapes(secrets):
                    if shape in content:
                        yield Leak(name, f"/{path.relative_to(root)}")


def of_text(place: str, text: bytes, secrets: Mapping[str, str]) -> Iterator[Leak]:
    """Return secrets in the journal, or in the output of a terminal."""
    plain = ESCAPES.sub(b"", text)
    for name, shape in _shapes(secrets):
        if shape in plain or shape in text:
            yield Leak(name, place)


def _shapes(secrets: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Return each secret as it is, and as HTTP headers encode it."""
    for name, secret in secrets.items():
        yield name, secret.encode()
        yield name, base64.b64encode(secret.encode()).rstrip(b"=")
