"""What the kernel does about an app that takes too much memory."""

from __future__ import annotations

from pathlib import Path

from piwizard.doctor.finding import Finding
from piwizard.machine import files

CONTROLLERS = Path("/sys/fs/cgroup/cgroup.controllers")
COMMAND_LINES = (Path("/boot/firmware/cmdline.txt"), Path("/boot/cmdline.txt"))


def look() -> list[Finding]:
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
