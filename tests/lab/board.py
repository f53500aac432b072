"""Define what tests use of a Pi, in a container or in a virtual machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from piwizard.system.commands import Result
from tests.lab.http_client import Answer


class Board(Protocol):
    """A Pi that runs commands, accepts logins and serves pages."""

    password: str

    def run(self, argv: Sequence[str], *, check: bool = True, input: str | None = None) -> Result:
        """Run a command as root on the Pi. With `check` it must succeed."""

    def ssh_argv(self, argv: Sequence[str] = (), *, user: str = ..., tty: bool = False) -> tuple[str, ...]:
        """Return the argv of a login from the laptop."""

    def http(self, path: str = "/", host: str | None = None, **request: object) -> Answer:
        """Return the response to a request from the laptop."""
