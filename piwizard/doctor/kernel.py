"""What the kernel does about an app that takes too much memory, or that sends where it may not."""

from __future__ import annotations

from pathlib import Path

from piwizard.doctor.finding import Finding
from piwizard.system import commands, files

CONTROLLERS = Path("/sys/fs/cgroup/cgroup.controllers")
COMMAND_LINES = (Path("/boot/firmware/cmdline.txt"), Path("/boot/cmdline.txt"))


REFUSED = """
import socket, sys
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9))
except PermissionError:
    sys.exit(0)
sys.exit(3)
"""
"""Tells by its exit code whether the kernel keeps a unit from sending, by sending nothing to this machine itself."""


def look() -> list[Finding]:
    """Return what the kernel can enforce of what units ask for."""
    return [*_memory(), *_addresses()]


def _addresses() -> list[Finding]:
    """Return whether systemd's IPAddressDeny= has an effect; nothing where that could not be tried."""
    unit = ("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--property=IPAddressDeny=any")
    tried = commands.run((*unit, "--property=DynamicUser=yes", "/usr/bin/python3", "-I", "-c", REFUSED), timeout=20)
    return [judge_addresses(filtered=tried.exit == 0)] if tried.exit in (0, 3) else []


def judge_addresses(*, filtered: bool) -> Finding:
    """Return what it means that a unit could send, or could not."""
    name = "address filter"
    if filtered:
        return Finding(name, "gunicorn", None, True, "the kernel keeps to IPAddressDeny= of the services")
    detail = "the kernel ignores IPAddressDeny= of the services: nftables alone keeps apps out of the home network"
    cause = "The kernel was built without CONFIG_CGROUP_BPF."
    mend = "Nothing has to be done while nftables has its rules. A kernel of Debian or Raspberry Pi OS has the option."
    return Finding(name, "gunicorn", None, True, detail, cause, mend)


def _memory() -> list[Finding]:
    """Whether the limits of the services count. Nothing is wrong where they do not: it is how the board is sold."""
    controllers = files.read(CONTROLLERS)
    if controllers is None:
        return []
    line = next((path for path in COMMAND_LINES if path.exists()), None)
    return [judge(controllers.decode().split(), line)]


def judge(controllers: list[str], line: Path | None) -> Finding:
    """What the kernel's list of controllers means; `line` is the file with its options."""
    if "memory" in controllers:
        return Finding("memory limits", "gunicorn", None, True, "the kernel keeps to those of the services")
    detail = "the kernel keeps none: an app that takes too much is ended only when the whole machine has none left"
    cause = (
        "The services' MemoryHigh and MemoryMax need the kernel's memory controller, and it is off. Raspberry Pi OS "
        "has it off unless it is asked for."
    )
    where = f"the end of the one line in {line}" if line else "the kernel's options"
    mend = f"Nothing has to be done. To have the limits, add cgroup_enable=memory to {where}, and reboot."
    return Finding("memory limits", "gunicorn", None, True, detail, cause, mend)
