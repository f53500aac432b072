"""Check that the kernel enforces the services' limits of memory and network."""

from __future__ import annotations

from pathlib import Path

from piwizard.diagnosis.findings import Finding
from piwizard.system import commands, files
from piwizard.system.remedies import Advice, Fix

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
"""Returns 0 if the kernel blocks a unit from sending, else 3. It sends nothing to another machine."""


def check_kernel_limits() -> list[Finding]:
    """Return findings about the limits that the kernel can enforce."""
    return [*_memory(), *_addresses()]


def _addresses() -> list[Finding]:
    """Check that systemd's IPAddressDeny= has an effect; return nothing if that cannot be tested."""
    unit = ("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--property=IPAddressDeny=any")
    tried = commands.run((*unit, "--property=DynamicUser=yes", "/usr/bin/python3", "-I", "-c", REFUSED), timeout=20)
    return [judge_address_filter(filtered=tried.exit == 0)] if tried.exit in (0, 3) else []


def judge_address_filter(*, filtered: bool) -> Finding:
    """Return the finding for a kernel that filters addresses, or does not."""

    def finding(detail: str, cause: str = "", fix: Fix = ()) -> Finding:
        return Finding("address-filter", "Address filter of the services in effect", True, detail, cause, fix,
                       step="gunicorn")  # fmt: skip

    if filtered:
        return finding("the kernel applies IPAddressDeny= of the services")
    return finding(
        "the kernel ignores IPAddressDeny= of the services: nftables alone keeps apps out of the home network",
        "The kernel was built without CONFIG_CGROUP_BPF.",
        (Advice("Nothing to do while nftables has its rules. Kernels of Debian and Raspberry Pi OS have the option."),),
    )


def _memory() -> list[Finding]:
    """Check that the kernel applies the memory limits. It is no failure if not, as boards are sold that way."""
    controllers = files.read(CONTROLLERS)
    if controllers is None:
        return []
    line = next((path for path in COMMAND_LINES if path.exists()), None)
    return [judge_memory(controllers.decode().split(), line)]


def judge_memory(controllers: list[str], line: Path | None) -> Finding:
    """Return the finding for the kernel's list of controllers.

    `line` is the file with the kernel's options.
    """

    def finding(detail: str, cause: str = "", fix: Fix = ()) -> Finding:
        return Finding("memory-limits", "Memory limits of the services in effect", True, detail, cause, fix,
                       step="gunicorn")  # fmt: skip

    if "memory" in controllers:
        return finding("the kernel applies them")
    where = f"the end of the one line in {line}" if line else "the kernel's options"
    return finding(
        "the kernel applies none: an app that uses too much memory is stopped only when the whole Pi has none left",
        "MemoryHigh and MemoryMax of the services need the kernel's memory controller. Raspberry Pi OS turns it off "
        "by default.",
        (Advice(f"Nothing to do. To apply the limits, add cgroup_enable=memory to {where}, and reboot."),),
    )
