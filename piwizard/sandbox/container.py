"""Boot, shut down and cut the power of a container with its own systemd.

systemd-nspawn runs it.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox import cgroups, nsenter
from piwizard.sandbox.sandbox_init import SandboxInit, children, command_line, require_programs
from piwizard.system import commands
from piwizard.system.commands import Process

SHUTDOWN_SIGNAL = signal.SIGRTMIN + 4

ENVIRONMENT = {
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",  # systemd 257 boots on nothing else
    "SYSTEMD_SECCOMP": "0",  # otherwise nspawn's filter breaks a service's own SystemCallFilter
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",  # sysctl net.* works, as on a Pi
    "SYSTEMD_NSPAWN_TMPFS_TMP": "0",  # /tmp is part of the clone
}
SETTINGS = (
    "--quiet",
    "--register=no",
    "--keep-unit",
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    "--console=read-only",
    "--capability=CAP_NET_ADMIN",  # never "all": setting the clock inside would set this machine's clock
    "--settings=no",
)


class Container:
    """One container.

    `root` and `net`, the file of its network namespace, are paths inside the sandbox.
    """

    def __init__(self, sandbox: SandboxInit, name: str, root: Path, net: Path, *, binds: Sequence[str] = ()) -> None:
        require_programs("systemd-nspawn")
        self.name = name
        self.console: deque[str] = deque(maxlen=200)
        self._sandbox = sandbox
        self._argv = (
            "systemd-nspawn",
            *SETTINGS,
            f"--machine={name}",
            f"--directory={root}",
            f"--network-namespace-path={net}",
            *(f"--bind={bind}" for bind in binds),
        )
        self._nspawn: Process | None = None
        self._leader: int | None = None

    @property
    def running(self) -> bool:
        return self._nspawn is not None and self._nspawn.alive

    @property
    def leader(self) -> int:
        """Return the process ID of the container's init, as seen from this machine."""
        if self._leader is None:
            raise PiwizardError(f"The machine {self.name} is not running.")
        return self._leader

    def boot(self) -> None:
        """Boot and return when init runs. Use `wait_for` to wait for units."""
        self.console.clear()
        argv = cgroups.launch_in_new(self.name, self._sandbox.on((*self._argv, "--boot")))
        self._nspawn = commands.start(argv, env=ENVIRONMENT, on_line=lambda _, line: self.console.append(line))
        self._leader = self._find_leader(self._nspawn)

    def run_before_boot(self, argv: Sequence[str]) -> None:
        """Run a command in the container while it is off, as in a chroot.

        Raise PiwizardError if it fails.
        """
        # systemd-nspawn provides what an installation needs without a booted system: /proc, /dev, the network.
        wrapped = cgroups.launch_in_new(self.name, self._sandbox.on((*self._argv, "--as-pid2", "--", *argv)))
        result = commands.run(wrapped, env=ENVIRONMENT)
        cgroups.remove_groups(self.name)
        if not result.ok:
            raise PiwizardError(f"`{' '.join(argv)}` failed in {self.name}: {result.last_lines}")

    def _find_leader(self, nspawn: Process) -> int:
        until = time.monotonic() + 30
        while nspawn.alive and time.monotonic() < until:
            for pid in _descendants(nspawn.pid):
                program, *_ = command_line(pid) or [""]  # read once: the process may exit or exec at any time
                if os.path.basename(program) in ("systemd", "init"):
                    return pid
            time.sleep(0.01)
        self.power_cut()
        printed = "\n".join(list(self.console)[-5:]) or "systemd-nspawn printed nothing"
        raise PiwizardError(f"The machine {self.name} did not start: {printed}")

    def wait_for(self, unit: str, timeout: float = 60.0) -> None:
        """Wait until a unit inside is active, such as `multi-user.target`."""
        until = time.monotonic() + timeout
        while time.monotonic() < until and self.running:
            if nsenter.run(self.leader, ("systemctl", "is-active", "--quiet", unit), timeout=10).ok:
                return
            time.sleep(0.05)
        printed = "\n".join(list(self.console)[-5:])
        message = f"{unit} did not start in the machine {self.name} within {timeout:.0f} s. {printed}"
        raise PiwizardError(message.strip())

    def shutdown(self, timeout: float = 60.0) -> None:
        """Shut down cleanly; cut the power after `timeout` seconds."""
        if self._nspawn is None or self._leader is None:
            return
        _signal(self._leader, SHUTDOWN_SIGNAL)
        until = time.monotonic() + timeout
        while self._nspawn.alive and time.monotonic() < until:
            time.sleep(0.02)
        self.power_cut()

    def power_cut(self) -> None:
        """Kill everything at once, and wait until no process is left."""
        if self._nspawn is None:
            return
        if self._leader is not None:
            _signal(self._leader, signal.SIGKILL)
        until = time.monotonic() + 10
        while self._leader is not None and self._nspawn.alive and time.monotonic() < until:
            time.sleep(0.01)
        self._nspawn.end(grace=0)
        cgroups.remove_groups(self.name)
        self._nspawn = self._leader = None


def _descendants(pid: int) -> list[int]:
    found = []
    for child in children(pid):
        found += [child, *_descendants(child)]
    return found


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
