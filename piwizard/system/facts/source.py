"""The only way from the facts to the machine: a handful of read-only questions, so that tests can answer them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from piwizard.errors import PiwizardError

NOT_FOUND = 127


class FactSource(Protocol):
    """A machine that can be looked at. What is absent or may not be read is None; nothing here raises."""

    def read(self, path: str) -> str | None:
        """The text of a file."""

    def listdir(self, path: str) -> list[str] | None:
        """The names in a folder, in no order."""

    def link(self, path: str) -> str | None:
        """What a symbolic link points to, as it is written there."""

    def exists(self, path: str) -> bool:
        """Whether something is there."""

    def space(self, path: str) -> tuple[int, int] | None:
        """Bytes of the file system that holds a path: the whole, and what a program may still write."""

    def addresses(self) -> list[dict[str, Any]] | None:
        """The network interfaces, in the words of `ip -j addr`."""

    def clock_error(self) -> int | None:
        """How far off the kernel takes its clock to be, in microseconds."""

    def machine(self) -> str:
        """What the kernel runs on, as `uname -m` has it."""

    def root(self) -> bool:
        """Whether everything may be read."""

    def run(self, argv: Sequence[str]) -> tuple[int, str]:
        """The exit code (127: no such program) and both streams of a command."""


class LiveSource:
    """This machine. Commands are started only by `run`, which no fact of `gather` needs."""

    def read(self, path: str) -> str | None:
        try:
            with open(path, "rb") as file:
                return file.read().decode("utf-8", "replace")
        except OSError:
            return None

    def listdir(self, path: str) -> list[str] | None:
        try:
            return os.listdir(path)
        except OSError:
            return None

    def link(self, path: str) -> str | None:
        try:
            return os.readlink(path)
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def space(self, path: str) -> tuple[int, int] | None:
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize

    def addresses(self) -> list[dict[str, Any]] | None:
        from piwizard.system.facts import netlink

        try:
            return netlink.addresses()
        except OSError:
            return None

    def clock_error(self) -> int | None:
        from piwizard.system.facts import adjtimex  # ctypes is slow to import

        return adjtimex.kernel_error()

    def machine(self) -> str:
        return os.uname().machine

    def root(self) -> bool:
        return os.geteuid() == 0

    def run(self, argv: Sequence[str]) -> tuple[int, str]:
        from piwizard.system import commands

        try:
            result = commands.run(argv, timeout=60)
        except PiwizardError as missing:
            return NOT_FOUND, missing.message
        return result.exit, result.output + result.errors


class RecordedSource:
    """A machine kept in a folder: `root/` holds its files; `machine.json` what files can't say.

    machine.json: `machine`, `root`, `clock_error`, `links` {path: target}, `present` [empty folders],
    `space` {path: [bytes, bytes free]}, `commands` {"nginx -t": [exit, output]}, `denied` [what an ordinary
    user can't read: the beginnings of paths]; `ip-addr.json`: what
    `ip -j addr` printed. Whatever is left out counts as absent.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder / "root"
        self._said: dict[str, Any] = json.loads((folder / "machine.json").read_text())
        self._links: dict[str, str] = self._said.get("links", {})
        recorded = folder / "ip-addr.json"
        self._addresses: list[dict[str, Any]] | None = None
        if recorded.exists():
            self._addresses = json.loads(recorded.read_text())

    def _path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _denied(self, path: str) -> bool:
        return any(path.startswith(denied) for denied in self._said.get("denied", []))

    def read(self, path: str) -> str | None:
        file = self._path(path)
        return None if self._denied(path) or not file.is_file() else file.read_text()

    def listdir(self, path: str) -> list[str] | None:
        if self._denied(path):
            return None
        inside = path.rstrip("/") + "/"
        names = {link[len(inside) :].split("/")[0] for link in self._links if link.startswith(inside)}
        folder = self._path(path)
        if folder.is_dir():
            names.update(entry.name for entry in folder.iterdir())
        elif not names:
            return None
        return sorted(names)

    def link(self, path: str) -> str | None:
        return None if self._denied(path) else self._links.get(path)

    def exists(self, path: str) -> bool:
        return path in self._said.get("present", []) or self._path(path).exists() or bool(self.listdir(path))

    def space(self, path: str) -> tuple[int, int] | None:
        found = self._said.get("space", {}).get(path)
        return None if found is None else (found[0], found[1])

    def addresses(self) -> list[dict[str, Any]] | None:
        return self._addresses

    def clock_error(self) -> int | None:
        error: int | None = self._said.get("clock_error")
        return error

    def machine(self) -> str:
        return str(self._said["machine"])

    def root(self) -> bool:
        return bool(self._said.get("root", True))

    def run(self, argv: Sequence[str]) -> tuple[int, str]:
        found = self._said.get("commands", {}).get(" ".join(argv))
        return (NOT_FOUND, f"{argv[0]} is not there") if found is None else (found[0], found[1])
