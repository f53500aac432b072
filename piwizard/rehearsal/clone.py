"""A copy of this machine that can be booted: all its file systems, copy-on-write, and a network of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.rehearsal import service_selection
from piwizard.sandbox import mounts
from piwizard.sandbox.container import Container
from piwizard.sandbox.namespaces import Namespace, WayOut
from piwizard.sandbox.overlay import Overlay
from piwizard.sandbox.sandbox_init import Lifeline
from piwizard.sandbox.scratch_dir import Workplace

WORKPLACES = Path("/var/cache/piwizard-rehearsals")
ROOT = Path("/run/piwizard/copy")
NEEDED_MIB = 600
BOOT_SECONDS = 180  # the oldest Pi takes two minutes

# What the copy needs to boot and to be told its first repository: missing in containers and in lean images.
PACKAGES = {"sbin/init": "systemd-sysv", "usr/bin/dbus-daemon": "dbus", "usr/bin/git": "git"}

Say = Callable[[str], None]


class Copy:
    """Made and booted with `start`; `end` throws it away, whatever state it is in."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._workplace: Workplace | None = None
        self._lifeline: Lifeline | None = None
        self._container: Container | None = None

    @property
    def leader(self) -> int:
        """The init of the copy, by its process id on this machine."""
        assert self._container is not None
        return self._container.leader

    def start(self) -> None:
        """Copies this machine and boots the copy."""
        self._workplace = Workplace(WORKPLACES, "piwizard-rehearsal")
        _check_space(self._workplace.folder)
        self._lifeline = Lifeline()
        network = Namespace(self._lifeline, "copy")
        network.make()
        self.way_out = WayOut(self._lifeline, network, "eth0")
        self.root = self._mount(self._lifeline, self._workplace.folder)
        left_out = service_selection.quieten(self.root, WayOut.NAME_SERVER)
        if left_out:
            self._say(f"Not started in the copy: {', '.join(left_out)}.")
        name = f"{self._workplace.name}-copy"
        self._container = Container(self._lifeline, name, ROOT, network.file)
        missing = [package for file, package in PACKAGES.items() if not os.path.lexists(self.root / file)]
        if missing:
            self._say(f"Installing {', '.join(missing)} in the copy.")
            self._container.run_before_boot(("apt-get", "update"))
            install = ("apt-get", "install", "--yes", "--no-install-recommends", *missing)
            self._container.run_before_boot(install)
        self._container.boot()
        self._container.wait_for("multi-user.target", BOOT_SECONDS)

    def _mount(self, lifeline: Lifeline, folder: Path) -> Path:
        whole = Overlay(lifeline, [Path("/")], folder / "root", ROOT)
        whole.mount()
        if whole.in_memory:
            self._say("What the copy writes is kept in memory: the disk of this machine cannot hold it.")
        for number, mount in enumerate(mounts.others(Path("/proc/self/mountinfo").read_text())):
            target = ROOT / mount.target.relative_to("/")
            if mount.target.is_file():
                shutil.copy2(mount.target, whole.root / mount.target.relative_to("/"))
            elif mount.target.is_dir():
                self._mount_other(lifeline, mount.target, folder / f"other{number}", target)
        # Seen from within the copy, the folder of its own upper layer would be a loop.
        lifeline.check(("mount", "-t", "tmpfs", "none", str(ROOT / WORKPLACES.relative_to("/"))))
        return whole.root

    def _mount_other(self, lifeline: Lifeline, source: Path, folder: Path, target: Path) -> None:
        try:
            Overlay(lifeline, [source], folder, target).mount()
        except PiwizardError:
            # No file system for a copy-on-write layer (the boot partition is FAT): to be looked at only.
            lifeline.check(("mount", "--bind", "-o", "ro", str(source), str(target)))

    def end(self) -> None:
        """Throws it away: processes, network and mounts at once, then the folder."""
        if self._container is not None:
            self._container.power_cut()
        if self._lifeline is not None:
            self._lifeline.cut()
        if self._workplace is not None:
            self._workplace.close()


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < NEEDED_MIB:
        hint = f"A rehearsal needs about {NEEDED_MIB} MiB in {folder.parent} for as long as it runs."
        raise PiwizardError(f"Only {free} MiB are free on the disk.", hint=hint)
