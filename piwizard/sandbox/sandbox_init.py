"""The one process that a throwaway machine hangs on: when it goes, the kernel takes everything else.

It is the init of a process namespace and the owner of a mount namespace. Whatever is started on it cannot
outlive it, whatever is mounted in it was never mounted on this machine, and it dies with piwizard, even by
`kill -9`: nobody has to clean up processes, mounts or network namespaces afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox.required_programs import need
from piwizard.system import commands
from piwizard.system.commands import Process, Result
from piwizard.system.pipes import OnLine

BURIAL_SECONDS = 15


class Lifeline:
    """Starts with its creation, ends with `cut`. Create it in the main thread: it dies with the thread."""

    def __init__(self) -> None:
        need("unshare", "setpriv", "nsenter")
        # As it ignores SIGCHLD, the kernel buries orphans for it: an init has to.
        keeper = ("env", "--ignore-signal=CHLD", "sleep", "infinity")
        apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
        self._outer = commands.start(("setpriv", "--pdeathsig", "KILL", *apart, *keeper))
        self.pid = self._wait_for_keeper()
        # Nothing that a machine leaves in /run is seen outside, nor left behind there.
        self.check(("mount", "--no-mtab", "-t", "tmpfs", "-o", "mode=755,size=75%", "piwizard", "/run"))

    def _wait_for_keeper(self) -> int:
        until = time.monotonic() + 10
        while time.monotonic() < until and self._outer.alive:
            for child in children(self._outer.pid):
                if command_line(child)[:1] == ["sleep"]:
                    return child
            time.sleep(0.005)
        refused = self._outer.wait() if not self._outer.alive else None
        self._outer.end(grace=0)
        words = refused.last_words if refused else "it did not start"
        hint = "It needs root, and in a container the right to make namespaces (a privileged container)."
        raise PiwizardError(f"No namespaces for a throwaway machine: {words}", hint=hint)

    @property
    def root(self) -> Path:
        """The file system as seen on the lifeline, from outside."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def alive(self) -> bool:
        return self._outer.alive

    def on(self, argv: Sequence[str], *, mounts: bool = True, net: Path | None = None) -> tuple[str, ...]:
        """The argv that runs `argv` on the lifeline, in the network namespace of `net` (a path seen from outside).

        Without `mounts` it sees the files of this machine, and its own processes are still tied to the lifeline.
        """
        entered = ["nsenter", f"--target={self.pid}", "--pid"]
        entered += ["--mount"] if mounts else []
        entered += [f"--net={net}"] if net else []
        return (*entered, "--", *argv)

    def start(self, argv: Sequence[str], *, net: Path | None = None, on_line: OnLine | None = None) -> Process:
        """Starts a program that lives no longer than the lifeline."""
        return commands.start(self.on(argv, net=net), on_line=on_line)

    def run(self, argv: Sequence[str], *, net: Path | None = None, input: str | None = None) -> Result:
        """Runs a command on the lifeline to its end."""
        return commands.run(self.on(argv, net=net), input=input)

    def check(self, argv: Sequence[str], *, net: Path | None = None, input: str | None = None) -> str:
        """Runs a command that has to succeed, and gives what it printed."""
        result = self.run(argv, net=net, input=input)
        if not result.ok:
            raise PiwizardError(f"`{' '.join(argv)}` failed: {result.last_words or f'exit {result.exit}'}")
        return result.output

    def cut(self) -> None:
        """Ends everything that hangs on it, at once; returns when the last process of it is gone."""
        # An init that is killed goes last: the kernel has it wait for all others of its namespace. (For ever, should
        # one of them have been orphaned to an init of this machine that buries nobody, as in many containers.)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + BURIAL_SECONDS
        while self._outer.alive and time.monotonic() < until:
            time.sleep(0.01)
        self._outer.end(grace=0)


def children(parent: int) -> list[int]:
    """The processes started by a process that are still there."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _parent(int(entry)) == parent:
            found.append(int(entry))
    return found


def command_line(pid: int) -> list[str]:
    """The argv of a process, empty if it is gone or a kernel thread."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[1])
