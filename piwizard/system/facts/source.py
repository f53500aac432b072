"""Define the read-only queries that facts are read with.

The facts use nothing else of the machine, so that tests can replace it.
"""

from __future__ import annotations

import os
from typing import Any, Protocol


class FactSource(Protocol):
    """A machine whose facts can be read.

    A result is None if something is missing or cannot be read; nothing here raises.
    """

    def read(self, path: str) -> str | None:
        """Return the text of a file."""

    def listdir(self, path: str) -> list[str] | None:
        """Return the names in a folder, in no order."""

    def link(self, path: str) -> str | None:
        """Return the target of a symbolic link, as written there."""

    def exists(self, path: str) -> bool:
        """Return whether the path exists."""

    def space(self, path: str) -> tuple[int, int] | None:
        """Return the size of a path's file system and its free space, in bytes."""

    def free_files(self, path: str) -> int | None:
        """Return how many more files a path's file system can have; None without a limit."""

    def addresses(self) -> list[dict[str, Any]] | None:
        """Return the network interfaces, in the format of `ip -j addr`."""

    def clock_error(self) -> int | None:
        """Return the kernel's estimate of the clock's largest error, in microseconds."""

    def machine(self) -> str:
        """Return the kernel's architecture, as in `uname -m`."""

    def root(self) -> bool:
        """Return whether this process has root's permissions."""


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

    def free_files(self, path: str) -> int | None:
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        return found.f_favail if found.f_files else None  # btrfs has no such limit

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
