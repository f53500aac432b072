"""What a Pi of the lab is to those who only use it, in a container or in a virtual machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from piwizard.system.commands import Result
from tests.lab.http_client import Answer


class Board(Protocol):
    """A Pi that runs commands, lets people log in and serves."""

    password: str

    def run(self, argv: Sequence[str], *, check: bool = True, input: str | None = None) -> Result:
        """Runs a command as root inside. With `check` it has to succeed."""

    def ssh_argv(self, argv: Sequence[str] = (), *, user: str = ..., tty: bool = False) -> tuple[str, ...]:
        """The argv of a login from the laptop."""

    def http(self, path: str = "/", host: str | None = None, **request: object) -> Answer:
        """What the laptop gets for a request to it."""
