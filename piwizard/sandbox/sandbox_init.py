"""Start the init process of a sandbox: when it ends, the kernel removes the rest.

It is the init of a PID namespace and the owner of a mount namespace. No process started in it can outlive it, and
nothing mounted in it is ever mounted on this machine. It dies with piwizard, even after `kill -9`, so that processes,
mounts and network namespaces need no cleanup.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import commands
from piwizard.system.commands import Process, Result
from piwizard.system.pipes import OnLine

KILL_TIMEOUT_SECONDS = 15
PACKAGES = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "slirp4netns": "slirp4netns",
    "sysctl": "procps",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}


def require_programs(*programs: str) -> None:
    """Raise PiwizardError with all missing packages."""
    missing = sorted({PACKAGES.get(name, name) for name in programs if commands.which(name) is None})
    if missing:
        hint = f"Install it: sudo apt install {' '.join(missing)}"
        raise PiwizardError(f"A sandbox needs {' and '.join(missing)}, which is not installed here.", hint=hint)


class SandboxInit:
    """The init of a sandbox. It starts when created and ends with `cut`.

    Create it in the main thread: it dies with its thread.
    """

    def __init__(self) -> None:
        require_programs("unshare", "setpriv", "nsenter")
        # The kernel reaps orphans for a process that ignores SIGCHLD; an init has to do that.
        init = ("env", "--ignore-signal=CHLD", "sleep", "infinity")
        unshare = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
        self._outer = commands.start(("setpriv", "--pdeathsig", "KILL", *unshare, *init))
        self.pid = self._wait_for_init()
        # Keeps files that a container leaves in /run out of this machine's /run.
        self.check(("mount", "--no-mtab", "-t", "tmpfs", "-o", "mode=755,size=75%", "piwizard", "/run"))

    def _wait_for_init(self) -> int:
        until = time.monotonic() + 10
        while time.monotonic() < until and self._outer.alive:
            for child in children(self._outer.pid):
                if command_line(child)[:1] == ["sleep"]:
                    return child
            time.sleep(0.005)
        refused = self._outer.wait() if not self._outer.alive else None
        self._outer.end(grace=0)
        reason = refused.last_lines if refused else "the process did not start"
        hint = "It needs root, and in a container the right to create namespaces (a privileged container)."
        raise PiwizardError(f"The namespaces of the sandbox could not be created: {reason}", hint=hint)

    @property
    def root(self) -> Path:
        """Return the root file system of the sandbox, as a path from outside."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def alive(self) -> bool:
        return self._outer.alive

    def on(self, argv: Sequence[str], *, mounts: bool = True, net: Path | None = None) -> tuple[str, ...]:
        """Return the argv that runs `argv` in the sandbox.

        `net` is the file of a network namespace, as a path from outside. Without `mounts`, the command sees the files
        of this machine, but still ends with the sandbox.
        """
        entered = ["nsenter", f"--target={self.pid}", "--pid"]
        entered += ["--mount"] if mounts else []
        entered += [f"--net={net}"] if net else []
        return (*entered, "--", *argv)

    def start(self, argv: Sequence[str], *, net: Path | None = None, on_line: OnLine | None = None) -> Process:
        """Start a program that ends with the sandbox."""
        return commands.start(self.on(argv, net=net), on_line=on_line)

    def run(self, argv: Sequence[str], *, net: Path | None = None, input: str | None = None) -> Result:
        """Run a command in the sandbox."""
        return commands.run(self.on(argv, net=net), input=input)

    def check(self, argv: Sequence[str], *, net: Path | None = None, input: str | None = None) -> str:
        """Run a command in the sandbox and return its output.

        Raise PiwizardError if it fails.
        """
        result = self.run(argv, net=net, input=input)
        if not result.ok:
            raise PiwizardError(f"`{' '.join(argv)}` failed: {result.last_lines or f'exit {result.exit}'}")
        return result.output

    def cut(self) -> None:
        """Kill all processes at once, and return when the last one is gone."""
        # A killed init exits last: the kernel makes it wait for all others in its namespace. (It waits forever if one
        # of them was orphaned to an init of this machine that reaps nothing, as in many containers.)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + KILL_TIMEOUT_SECONDS
        while self._outer.alive and time.monotonic() < until:
            time.sleep(0.01)
        self._outer.end(grace=0)


def children(parent: int) -> list[int]:
    """Return the child processes of a process."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _parent(int(entry)) == parent:
            found.append(int(entry))
    return found


def command_line(pid: int) -> list[str]:
    """Return the argv of a process; empty if it is gone or a kernel thread."""
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
