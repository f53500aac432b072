"""Install the packages, and check disk space, memory and clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from piwizard.answers.model import Answers
from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.errors import PiwizardError
from piwizard.network.internet_time import check_clock
from piwizard.steps.step import PlanContext, Stage, Step
from piwizard.system.checks import Check
from piwizard.system.facts import PortOwner
from piwizard.system.facts.disk import read_disk
from piwizard.system.facts.source import LiveSource
from piwizard.system.lasting_disk import require_lasting_disk
from piwizard.system.port_advice import how_to_move, is_container
from piwizard.system.remedies import RunCommand

PACKAGES = ("ca-certificates", "git", "nftables", "nginx", "python3-venv")
DISK_NEEDED = 500
FREE_DISK_SPACE = (
    RunCommand("sudo apt-get clean"),
    RunCommand("sudo journalctl --vacuum-size=50M", "to free disk space"),
    RunCommand("sudo du -xh / | sort -h | tail -30", "to see what uses most of it"),
)
FILES_NEEDED = 5000
"""An environment of an app has thousands of files."""
MEMORY_NEEDED = 300
"""MiB: DISK_NEEDED for packages, an environment and a few releases; MEMORY_NEEDED for nginx, gunicorn, a worker."""


class System(Step):
    """Install Debian's packages, and refuse early what would fail later."""

    name = "system"
    title = "System"
    heading = "Web server"
    stage = Stage.WEB_SERVER
    why = (
        "Installs the programs that the other steps need: the web server nginx, git to fetch your app, and Python's "
        "virtual environments. Checks disk space, memory and the clock, and that no other web server uses the ports. "
        "Removes nothing of yours."
    )

    typical_seconds = 60
    diagnosis_order = 1

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        machine = context.machine
        if machine.os.unsupported:
            raise PiwizardError(machine.os.unsupported)
        require_lasting_disk(machine.disk)
        if machine.disk.read_only:
            raise PiwizardError(
                "The disk is read-only.", hint="Often the SD card is worn out: run `dmesg` to see errors."
            )
        if machine.disk.free is not None and machine.disk.free < DISK_NEEDED:
            raise PiwizardError(
                f"The disk is full: {machine.disk.free} MiB are free, {DISK_NEEDED} MiB are needed.",
                hint="Run `sudo apt-get clean` and `sudo journalctl --vacuum-size=50M` to free space.",
            )
        for port in (80, 443):
            owner = machine.port(port)
            if owner and (owner.program != "nginx" or is_container(owner)):
                raise _occupied(owner)
        return (Packages(PACKAGES, starts=("nginx.service",)),)

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        disk = read_disk(LiveSource())
        yield _disk_space(disk.free)
        yield _disk_files(disk.free_files)

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        memory = context.machine.memory
        yield _disk_space(context.machine.disk.free)
        yield _disk_files(context.machine.disk.free_files)
        enough = memory.total + memory.swap >= MEMORY_NEEDED
        yield Check(
            "memory-size",
            f"Memory and swap at least {MEMORY_NEEDED} MiB",
            enough,
            f"{memory.total} MiB of memory, {memory.swap} MiB of swap",
            cause="nginx, gunicorn and the app together need more memory.",
            fix=(RunCommand("sudo apt-get install dphys-swapfile", "to add swap"),),
        )
        yield check_clock(None)


def _disk_space(free: int | None) -> Check:
    return Check(
        "disk-space",
        f"Free disk space at least {DISK_NEEDED // 2} MiB",
        free is not None and free >= DISK_NEEDED // 2,
        "unknown: the kernel does not report the free space" if free is None else f"{free} MiB free",
        cause="The disk is nearly full. When it is full, the app and its database cannot write.",
        fix=FREE_DISK_SPACE,
    )


def _disk_files(free: int | None) -> Check:
    return Check(
        "disk-files",
        f"Room for at least {FILES_NEEDED} more files",
        free is None or free >= FILES_NEEDED,
        "no limit" if free is None else f"{free} more files fit",
        cause="A file system has a fixed number of files. When there is no room, nothing can be written.",
        fix=(RunCommand("sudo du --inodes -x / | sort -n | tail -30", "to see which folders have most files"),),
    )


def _occupied(owner: PortOwner) -> PiwizardError:
    details = [f"service {owner.unit}"] if owner.unit else []
    details += [f"package {owner.package}"] if owner.package else []
    inside = f" ({', '.join(details)})" if details else ""
    return PiwizardError(
        f"Port {owner.port} is used by {owner.words}{inside}, but nginx needs it.",
        hint=how_to_move(owner),
    )
