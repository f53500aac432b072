"""Run a Raspberry Pi on the lab's LAN, booted from layers."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from piwizard.sandbox import nsenter
from piwizard.sandbox.container import Container
from piwizard.sandbox.namespaces import Namespace
from piwizard.sandbox.overlay import Overlay
from piwizard.system import commands
from piwizard.system.commands import Process, Result
from piwizard.system.pipes import OnLine
from tests.lab import http_client
from tests.lab.disk import Card, Disk
from tests.lab.http_client import Answer
from tests.lab.images import PASSWORD, USER, Layer
from tests.lab.network import HomeNetwork

SSH_OPTIONS = (
    "-F/dev/null",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oLogLevel=ERROR",
    "-oConnectTimeout=5",
    "-oPubkeyAuthentication=no",
    "-oServerAliveInterval=2",
    "-oServerAliveCountMax=3",
)
TARGET = "multi-user.target"


class Pi:
    """A Pi, off at first; `boot` it.

    `name` is unique in the lab, `address` its DHCP lease.
    """

    def __init__(
        self,
        network: HomeNetwork,
        *,
        variant: str,
        name: str,
        place: int,
        layer: Layer,
        folder: Path,
        packages: Path,
        group: str,
        disk: int | None = None,
        card: int | None = None,
    ) -> None:
        self.variant = variant
        self.name = name
        self.layer = layer
        self.place = place
        self.discarded = False
        self.address = f"192.168.1.{99 + place}"
        self.mac = f"dc:a6:32:00:00:{place:02x}"
        self.user, self.password = USER, PASSWORD
        self._network = network
        self._lifeline = network.lifeline
        self._folder = folder
        self._packages = packages
        self._boots = itertools.count()
        self._namespace = Namespace(self._lifeline, name)
        self._disk = Disk(self._lifeline, folder / "disk", disk) if disk else None
        self._card = Card(self._lifeline, folder / "card", card) if card else None
        drive = self._disk or self._card
        written = drive.folder if drive else folder
        self._overlay = Overlay(self._lifeline, layer.folders, written, Path("/run/lab/pis") / name)
        self._archives = folder / "archives"
        binds = [f"{self._archives}:/var/cache/apt/archives", "/dev/net/tun"]
        self.container = Container(self._lifeline, group, self._overlay.target, self._namespace.file, binds=binds)
        network.reserve(self.mac, self.address)
        self._prepare()

    def _prepare(self) -> None:
        folder = self._archives
        folder.mkdir(parents=True)
        for package in self._packages.glob("*.deb"):
            os.link(package, folder / package.name)
        self._overlay.mount()
        (self.files / "etc/machine-id").write_text(f"{secrets.token_hex(16)}\n")

    @property
    def files(self) -> Path:
        """Return its file system, on or off. Absolute symlinks point outside of it."""
        return self._overlay.root

    @property
    def upper(self) -> Path:
        """Return the folder with everything that it has written."""
        return self._overlay.upper

    # Power

    def boot(self, *, wait: bool = True) -> Pi:
        """Turn it on, and wait until it is up, has its lease and accepts logins."""
        self._namespace.make()
        self._port = f"{self.name}-{next(self._boots)}"[:15]
        self._network.plug_in(self._namespace, self._port, mac=self.mac)
        self.container.boot()
        if wait:
            self.wait()
        return self

    def wait(self, timeout: float = 60.0) -> None:
        """Wait until it is up and sshd answers at its address."""
        until = time.monotonic() + timeout
        while not http_client.listening(self._network.laptop.path, self.address, 22):
            assert time.monotonic() < until, f"{self.name} does not answer: {list(self.container.console)[-10:]}"
            time.sleep(0.05)
        self.container.wait_for(TARGET, timeout)

    def shutdown(self) -> None:
        """Run `poweroff`, as a user does."""
        self.container.shutdown()
        self._off()

    def power_cut(self) -> None:
        """Cut the power: no process can react."""
        self.container.power_cut()
        self._off()

    def reboot(self) -> None:
        """Reboot it properly."""
        self.shutdown()
        self.boot()

    def _off(self) -> None:
        self._namespace.remove()
        self._lifeline.run(("ip", "-n", "router", "link", "delete", self._port))

    # Work

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | str | None = None,
        on_line: OnLine | None = None,
        timeout: float | None = 600,
    ) -> Result:
        """Run a command as root on the Pi, or as `user`. With `check` it must succeed."""
        where = {"user": user, "cwd": cwd, "input": input, "env": env, "on_line": on_line, "timeout": timeout}
        result = nsenter.run(self.container.leader, argv, **where)  # type: ignore[arg-type]
        assert result.ok or not check, f"{shlex.join(argv)}: exit {result.exit}\n{result.output}{result.errors}"
        return result

    def start(self, argv: Sequence[str], *, on_line: OnLine | None = None) -> Process:
        """Start a command as root that the test follows, signals or ends."""
        return nsenter.start(self.container.leader, argv, on_line=on_line)

    def read(self, path: str) -> str:
        """Return a file's content, as its own programs read it."""
        return self.run(("cat", path)).output

    def write(self, path: str, content: str, *, owner: str = "root") -> None:
        """Write a file, and create its folders."""
        self.run(("mkdir", "-p", os.path.dirname(path)))
        self.run(("tee", path), input=content)
        self.run(("chown", f"{owner}:", path))

    def push(self, source: Path, to: str, *, owner: str = "root") -> None:
        """Copy a file or folder to the Pi.

        A git checkout comes without history, and without what git ignores.
        """
        inside = Path(f"/proc/{self.container.leader}/root") / to.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        if (source / ".git").exists():
            wanted = ("git", "-C", str(source), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
            names = [name for name in commands.run(wanted).output.strip("\n").split("\0") if name]
            for name in names:
                if os.path.lexists(source / name):
                    (inside / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(source / name, inside / name, follow_symlinks=False)
        elif source.is_dir():
            shutil.copytree(source, inside, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, inside)
        self.run(("chown", "-hR", f"{owner}:", to))

    # From the laptop

    def ssh_argv(self, argv: Sequence[str] = (), *, user: str = USER, tty: bool = False) -> tuple[str, ...]:
        """Return the argv of a login from the laptop, to be started on this machine."""
        terminal = ("-tt",) if tty else ()
        login = ("ssh", *SSH_OPTIONS, *terminal, f"{user}@{self.address}", *([shlex.join(argv)] if argv else []))
        return self._lifeline.on(("sshpass", "-p", PASSWORD, *login), net=self._network.laptop.path)

    def ssh(
        self,
        argv: Sequence[str],
        *,
        user: str = USER,
        tty: bool = False,
        check: bool = True,
        input: str | None = None,
        timeout: float | None = 600,
    ) -> Result:
        """Log in from the laptop with the password, and run a command."""
        result = commands.run(self.ssh_argv(argv, user=user, tty=tty), input=input, timeout=timeout)
        assert result.ok or not check, f"ssh {shlex.join(argv)}: exit {result.exit}\n{result.output}{result.errors}"
        return result

    def http(self, path: str = "/", host: str | None = None, **request: object) -> Answer:
        """Return the response to a request from the laptop; see `http_client.get`."""
        return http_client.get(self._network.laptop.path, self.address, path, host=host, **request)  # type: ignore[arg-type]

    def cut_network(self) -> None:
        """Unplug its network cable: connections hang, as in reality."""
        self._network.cable_of(self._port, plugged=False)

    def plug_network(self) -> None:
        """Plug the cable in."""
        self._network.cable_of(self._port, plugged=True)

    def fill_disk(self) -> None:
        """Fill its disk: nothing more can be written. It needs a `disk`."""
        assert self._disk
        self._disk.fill()

    def free_disk(self) -> None:
        """Free its disk."""
        assert self._disk
        self._disk.free()

    def bytes_written(self) -> int:
        """Return what its card has received until now, after a `sync`. It needs a `card`."""
        assert self._card
        self.run(("sync",))
        return self._card.bytes_written

    # End

    def discard(self) -> None:
        """Turn it off at once and remove it.

        Its downloaded packages are kept for the next one.
        """
        if self.container.running:
            self.power_cut()
        if self._put_away():
            shutil.rmtree(self._folder)

    def freeze(self) -> Layer:
        """Shut it down and make a layer of what it has written.

        It cannot be booted again.
        """
        assert not self._overlay.in_memory, (
            "PIWIZARD_LAB has to be on a file system that can hold an overlay's upper layer"
        )
        if self.container.running:
            self.shutdown()
        self._put_away()
        return Layer(self.upper, self.layer.folders)

    def _put_away(self) -> bool:
        """Return False if that was done before."""
        if self.discarded:
            return False
        self.discarded = True
        self._overlay.unmount()
        for drive in filter(None, (self._disk, self._card)):
            drive.unmount()
        for package in self._archives.glob("*.deb"):
            with contextlib.suppress(FileExistsError):
                os.link(package, self._packages / package.name)
        shutil.rmtree(self._archives)
        return True
