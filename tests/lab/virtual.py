"""Run a Pi in a virtual machine, whose page cache is lost in a power cut.

    layer ── disk image (ext4) ── QEMU ── a port of the router

What a container has written is on this machine's disk, whatever happens to the container. In a virtual machine it is on
the disk only after the guest's kernel has written it: by itself, seconds later, or because a program called fsync.
"""

from __future__ import annotations

import shlex
import shutil
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from piwizard.system import commands
from piwizard.system.commands import Process, Result
from piwizard.system.pipes import OnLine
from tests.lab import http_client, product
from tests.lab.http_client import Answer
from tests.lab.images import PASSWORD, USER, Layer
from tests.lab.lab import Lab
from tests.lab.pi import SSH_OPTIONS, Pi

NEEDED = ("qemu-system-x86_64", "mkfs.ext4")
KERNEL = "linux-image-cloud-amd64"
SIZE = "3G"
LINE = "root=/dev/vda rw net.ifnames=0 console=ttyS0 panic=-1 quiet"
ROOT = "PermitRootLogin yes\n"
PLACE = 150
"""On the LAN, after the addresses of the containers."""


def missing() -> str:
    """Return what this machine lacks for a virtual machine; empty if it can run."""
    return ", ".join(name for name in NEEDED if not shutil.which(name))


def layer(lab: Lab, release: str) -> Layer:
    """Return a layer with piwizard installed, a kernel, and a root that may log in."""

    def prepare(pi: Pi) -> None:
        pi.run(("apt-get", "update", "-q"))
        pi.run(("apt-get", "install", "-qy", "--no-install-recommends", KERNEL, "initramfs-tools"))
        pi.write("/etc/ssh/sshd_config.d/root.conf", ROOT)
        pi.run(("chpasswd",), input=f"root:{PASSWORD}\n")

    return lab.layer(release, "virtual", KERNEL + ROOT, prepare, on=product.installed(lab, release))


class VirtualPi:
    """A virtual Pi, off at first; `boot` it."""

    def __init__(self, lab: Lab, release: str) -> None:
        self.user, self.password = USER, PASSWORD
        self.address = f"192.168.1.{PLACE}"
        self._network = lab.network
        self._folder = lab.folder / f"virtual-{release}"
        self._folder.mkdir()
        self._mac = f"dc:a6:32:00:01:{PLACE:02x}"
        self._network.reserve(self._mac, self.address)
        self._network.ip("router", "tuntap", "add", "virtual", "mode", "tap")
        self._network.ip("router", "link", "set", "virtual", "master", "lan", "up")
        self._machine: Process | None = None
        self._draw(lab, release)

    def _draw(self, lab: Lab, release: str) -> None:
        """Create its disk, and copy the kernel that QEMU starts."""
        source = lab.pi(release, layer=layer(lab, release), boot=False)
        for name in ("vmlinuz", "initrd.img"):
            (found,) = (source.files / "boot").glob(f"{name}-*")
            shutil.copy(found, self._folder / name)
        made = commands.run(("mkfs.ext4", "-q", "-d", str(source.files), str(self._folder / "disk"), SIZE))
        assert made.ok, made.last_lines
        source.discard()

    # Power

    def boot(self, *, clock: datetime | None = None) -> VirtualPi:
        """Turn it on, with this time on its clock, and wait until it accepts logins."""
        rtc = clock.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if clock else "utc"
        disk = f"file={self._folder / 'disk'},format=raw,if=virtio,cache=unsafe"
        kernel = ("-kernel", str(self._folder / "vmlinuz"), "-initrd", str(self._folder / "initrd.img"))
        card = ("-netdev", "tap,id=lan,ifname=virtual,script=no,downscript=no")
        card += ("-device", f"virtio-net-pci,netdev=lan,mac={self._mac}")
        board = ("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot")
        board += ("-rtc", f"base={rtc}")
        seen = ("-display", "none", "-serial", f"file:{self._folder / 'console'}")
        argv = ("qemu-system-x86_64", *board, *seen, *kernel, "-append", LINE, "-drive", disk, *card)
        self._machine = self._network.lifeline.start(argv, net=self._network.router.path)
        self._wait()
        return self

    def _wait(self, timeout: float = 600.0) -> None:
        until = time.monotonic() + timeout
        while not (
            http_client.listening(self._network.laptop.path, self.address, 22) and self.run(("true",), check=False).ok
        ):
            assert self._machine is not None
            assert self._machine.alive, f"QEMU ended: {self._ended}"
            assert time.monotonic() < until, f"it does not answer: {self._console}"
            time.sleep(0.1)

    @property
    def _ended(self) -> str:
        assert self._machine
        return f"{self._machine.wait().last_lines} {self._console}"

    @property
    def _console(self) -> list[str]:
        said = self._folder / "console"
        return said.read_text(errors="replace").splitlines()[-10:] if said.exists() else []

    def power_cut(self) -> None:
        """Cut the power: what its kernel has not written to disk is lost."""
        assert self._machine
        self._machine.signal(signal.SIGKILL)
        self._machine.wait()

    def discard(self) -> None:
        """Turn it off and remove it."""
        if self._machine and self._machine.alive:
            self.power_cut()
        self._network.ip("router", "link", "delete", "virtual")
        shutil.rmtree(self._folder)

    # Work

    def ssh_argv(self, argv: Sequence[str] = (), *, user: str = USER, tty: bool = False) -> tuple[str, ...]:
        """Return the argv of a login from the laptop."""
        terminal = ("-tt",) if tty else ()
        login = ("ssh", *SSH_OPTIONS, *terminal, f"{user}@{self.address}", *([shlex.join(argv)] if argv else []))
        return self._network.lifeline.on(("sshpass", "-p", PASSWORD, *login), net=self._network.laptop.path)

    def run(self, argv: Sequence[str], *, check: bool = True, input: str | None = None) -> Result:
        """Run a command as root on the Pi. With `check` it must succeed."""
        result = commands.run(self.ssh_argv(argv, user="root"), input=input, timeout=900)
        assert result.ok or not check, f"{shlex.join(argv)}: exit {result.exit}\n{result.output}{result.errors}"
        return result

    def start(self, argv: Sequence[str], *, on_line: OnLine | None = None) -> Process:
        """Start a command as root on the Pi."""
        return commands.start(self.ssh_argv(argv, user="root"), on_line=on_line)

    def write(self, path: str, content: str) -> None:
        """Write a file, and wait until it is on the disk."""
        self.run(("tee", path), input=content)
        self.run(("sync",))

    def http(self, path: str = "/", host: str | None = None, **request: object) -> Answer:
        """Return the response to a request from the laptop."""
        return http_client.get(self._network.laptop.path, self.address, path, host=host, **request)  # type: ignore[arg-type]
