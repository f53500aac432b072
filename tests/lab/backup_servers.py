"""Serve places for backups in the home network: a drive, an SFTP server, a REST server, and S3 storage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from piwizard.system import commands
from tests.lab import http_client
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP
from tests.lab.pi import Pi

DRIVE = "/mnt/usb"
USER, SECRET = "pi-at-the-server", "secret-of-the-server-4417"
MOTO = "moto[server]==5.2.1"
"""An S3 server in Python: Debian has none that is small. It checks no signatures."""


@dataclass(frozen=True)
class Place:
    """A place for backups: its address, and what its server asks for."""

    location: str
    user: str = ""
    secret: str = ""
    nas: Pi | None = None
    """The SFTP server."""

    def answers(self, pi: Pi) -> str:
        """Return the answers of the step, and put the secret where they say."""
        lines = ["", "[backup]", f'target = "{self.location}"']
        if self.secret:
            pi.write("/root/backup-secret", self.secret)
            lines += [f'user = "{self.user}"', 'secret = { file = "/root/backup-secret" }']
        return "\n".join([*lines, ""])

    def authorize(self, line: str) -> None:
        """Add a line to the keys that may log in at the SFTP server."""
        assert self.nas is not None
        self.nas.write("/home/alex/.ssh/authorized_keys", f"{line}\n", owner="alex")


@contextmanager
def drive(lab: Lab, pi: Pi, folder: Path) -> Iterator[Place]:
    """Connect a drive of 200 MB."""
    pi.run(("mkdir", "-p", DRIVE))
    pi.run(("mount", "-t", "tmpfs", "-o", "size=200m", "drive", DRIVE))
    yield Place(f"{DRIVE}/backup")


@contextmanager
def sftp(lab: Lab, pi: Pi, folder: Path) -> Iterator[Place]:
    """Boot another Pi as the SFTP server."""
    nas = lab.pi("trixie")
    try:
        yield Place(f"sftp://alex@{nas.address}/backup", nas=nas)
    finally:
        nas.discard()


@contextmanager
def rest(lab: Lab, pi: Pi, folder: Path) -> Iterator[Place]:
    """Start a REST server with a password in the laptop."""
    argv = ("rclone", "serve", "restic", "--addr", f"{LAPTOP}:8000", "--user", USER, "--pass", SECRET, str(folder))
    with _served(lab, argv, 8000):
        yield Place(f"rest:http://{LAPTOP}:8000/pi/", USER, SECRET)


@contextmanager
def s3(lab: Lab, pi: Pi, folder: Path) -> Iterator[Place]:
    """Start S3 storage in the laptop."""
    made = folder / "moto"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)
    subprocess.run([made / "bin/python", "-m", "pip", "install", "--quiet", MOTO], check=True)
    with _served(lab, (str(made / "bin/moto_server"), "-H", LAPTOP, "-p", "5000"), 5000):
        yield Place(f"s3:http://{LAPTOP}:5000/backups/pi", USER, SECRET)


def _served(lab: Lab, argv: Sequence[str], port: int) -> AbstractContextManager[None]:
    @contextmanager
    def run() -> Iterator[None]:
        server = commands.start(lab.lifeline.on(argv, net=lab.network.laptop.path), on_line=lambda stream, line: None)
        try:
            eventually(lambda: http_client.listening(lab.network.laptop.path, LAPTOP, port), 120)
            yield
        finally:
            server.end()

    return run()


PLACES = {"drive": drive, "sftp": sftp, "rest": rest, "s3": s3}
