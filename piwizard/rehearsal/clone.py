"""Boot a clone of this machine: copy-on-write file systems and its own network."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.rehearsal import service_selection
from piwizard.sandbox import overlay
from piwizard.sandbox.container import Container
from piwizard.sandbox.namespaces import Namespace, SlirpUplink
from piwizard.sandbox.overlay import Overlay
from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.sandbox.scratch_dir import ScratchDir

SCRATCH_DIRS = Path("/var/cache/piwizard-rehearsals")
ROOT = Path("/run/piwizard/copy")
MIN_FREE_MIB = 600
BOOT_TIMEOUT_SECONDS = 180  # the oldest Pi takes two minutes

# Needed to boot and to create the sample repository; missing in containers and minimal images.
PACKAGES = {"sbin/init": "systemd-sysv", "usr/bin/dbus-daemon": "dbus", "usr/bin/git": "git"}

Say = Callable[[str], None]


class MachineClone:
    """A clone. `start` creates and boots it; `end` removes it in any state."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._scratch: ScratchDir | None = None
        self._sandbox: SandboxInit | None = None
        self._container: Container | None = None

    @property
    def leader(self) -> int:
        """Return the process ID of the clone's init on this machine."""
        assert self._container is not None
        return self._container.leader

    def start(self) -> None:
        """Create the clone and boot it."""
        with _signals_held_back():  # else `end` would not know of a folder that was just made
            self._scratch = ScratchDir(SCRATCH_DIRS, "piwizard-rehearsal")
        _require_space(self._scratch.folder)
        self._sandbox = SandboxInit()
        network = Namespace(self._sandbox, "copy")
        network.make()
        self.uplink = SlirpUplink(self._sandbox, network, "eth0")
        self.root = self._mount(self._sandbox, self._scratch.folder)
        disabled = service_selection.disable_services(self.root, SlirpUplink.NAME_SERVER)
        if disabled:
            self._say(f"Not started in the clone: {', '.join(disabled)}.")
        name = f"{self._scratch.name}-copy"
        self._container = Container(self._sandbox, name, ROOT, network.file)
        missing = [package for file, package in PACKAGES.items() if not os.path.lexists(self.root / file)]
        if missing:
            self._say(f"Installing {', '.join(missing)} in the clone.")
            self._container.run_before_boot(("apt-get", "update"))
            install = ("apt-get", "install", "--yes", "--no-install-recommends", *missing)
            self._container.run_before_boot(install)
        self._container.boot()
        self._container.wait_for("multi-user.target", BOOT_TIMEOUT_SECONDS)

    def _mount(self, sandbox: SandboxInit, folder: Path) -> Path:
        whole = Overlay(sandbox, [Path("/")], folder / "root", ROOT)
        whole.mount()
        if whole.in_memory:
            self._say("The clone keeps its files in memory, because this machine's disk does not support overlays.")
        for number, mount in enumerate(overlay.list_mounts(Path("/proc/self/mountinfo").read_text())):
            target = ROOT / mount.target.relative_to("/")
            if mount.target.is_file():
                shutil.copy2(mount.target, whole.root / mount.target.relative_to("/"))
            elif mount.target.is_dir():
                self._mount_other(sandbox, mount.target, folder / f"other{number}", target)
        # Hides the clone's own upper layer, which would be a loop inside it.
        sandbox.check(("mount", "-t", "tmpfs", "none", str(ROOT / SCRATCH_DIRS.relative_to("/"))))
        return whole.root

    def _mount_other(self, sandbox: SandboxInit, source: Path, folder: Path, target: Path) -> None:
        try:
            Overlay(sandbox, [source], folder, target).mount()
        except PiwizardError:
            # No copy-on-write on this file system (the boot partition is FAT): mount it read-only.
            sandbox.check(("mount", "--bind", "-o", "ro", str(source), str(target)))

    def end(self) -> None:
        """Remove it: processes, network and mounts at once, then the folder."""
        if self._container is not None:
            self._container.power_cut()
        if self._sandbox is not None:
            self._sandbox.cut()
        if self._scratch is not None:
            self._scratch.close()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Deliver signals that end a rehearsal only afterwards."""
    arrived: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # Not by a mask: another thread could take the signal, and Python would handle it in this one all the same.
    before = [signal.signal(number, lambda one, _: arrived.append(one)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    for one in arrived:
        signal.raise_signal(one)


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < MIN_FREE_MIB:
        hint = f"A rehearsal needs about {MIN_FREE_MIB} MiB in {folder.parent} while it runs. Free some space."
        raise PiwizardError(f"Only {free} MiB are free on the disk.", hint=hint)
