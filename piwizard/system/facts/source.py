"""The only way from the facts to the machine: a handful of read-only questions, so that tests can answer them."""

from __future__ import annotations

import os
from typing import Any, Protocol


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


class LiveSource:
    """This machine."""

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
            return netlink.read_addresses()
        except OSError:
            return None

    def clock_error(self) -> int | None:
        from piwizard.system.facts import (
            clock,
        )

        return clock.read_kernel_error()

    def machine(self) -> str:
        return os.uname().machine

    def root(self) -> bool:
        return os.geteuid() == 0
