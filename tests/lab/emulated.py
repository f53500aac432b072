"""A Raspberry Pi 3, emulated: an ARM64 kernel with real GPIO and I2C, about ten times slower than the board.

    card (read only) ── QEMU -M raspi3b ── two forwarded ports on this machine's loopback: SSH and HTTP

What is written to the card is lost when QEMU ends. The network is QEMU's own: the Pi reaches the package registries as
this machine does, and nothing of the lab's home network.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.system import commands
from piwizard.system.commands import Process, Result
from tests.lab import emulated_image, product
from tests.lab.http_client import Answer
from tests.lab.pi import SSH_OPTIONS

LINE = (
    "console=ttyS1,115200 root=/dev/mmcblk0p2 rootfstype=ext4 rootwait rw net.ifnames=0 "
    "systemd.show_status=0 loglevel=5"
)
MAC = "b8:27:eb:12:34:56"
CHIPS = (
    *("-device", "tmp105,id=temperature,bus=i2c-bus.1,address=0x48"),
    *("-device", "ds1338,bus=i2c-bus.1,address=0x68"),
)
"""A thermometer and a clock on I2C bus 1."""
PATIENT = ("-oServerAliveInterval=60", "-oServerAliveCountMax=30", "-oConnectTimeout=60", *SSH_OPTIONS)
"""Options of ssh; of two values it takes the first."""
BOOT_SECONDS = 900
"""A busy machine needs minutes; the guest stands still now and then."""


class EmulatedPi:
    """A booted board. `folder` holds its sockets and its console's output. Call `discard` at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lifeline = SandboxInit()
        self._ssh_port, self._http_port = _free_port(), _free_port()
        self._machine: Process = self._lifeline.start(self._argv(emulated_image.card()))
        self._wait_for_login()
        self.run(("date", "--set", datetime.now(UTC).isoformat()))  # the board has no clock

    def _argv(self, card: Path) -> tuple[str, ...]:
        unpacked = card / "qemu"
        (loader,) = unpacked.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*")  # of this machine's architecture
        program = (str(loader), "--library-path", str(loader.parent), str(unpacked / "usr/bin/qemu-system-aarch64"))
        forwards = f"hostfwd=tcp:127.0.0.1:{self._ssh_port}-:22,hostfwd=tcp:127.0.0.1:{self._http_port}-:80"
        return (
            *program, "-L", str(unpacked / "usr/share/qemu"), "-M", "raspi3b", "-display", "none",
            "-kernel", str(card / "vmlinuz"), "-initrd", str(card / "initrd.img"), "-dtb", str(card / "pi3b.dtb"),
            "-append", LINE, "-drive", f"if=sd,format=raw,file={card / 'sd.img'},snapshot=on",
            "-netdev", f"user,id=net,{forwards}", "-device", f"usb-net,netdev=net,mac={MAC}",
            "-serial", "null", "-serial", f"file:{self._console}",
            "-qmp", f"unix:{self._monitor},server=on,wait=off", *CHIPS,
        )  # fmt: skip

    @property
    def _console(self) -> Path:
        return self._folder / "console.log"

    @property
    def _monitor(self) -> Path:
        return self._folder / "monitor"

    def _wait_for_login(self) -> None:
        """Wait for the console's prompt: SSH tried earlier queues packets for a card that is not there."""
        until = time.monotonic() + BOOT_SECONDS
        while not (self._console.exists() and "login:" in self._console.read_text(errors="replace")):
            self._check_alive(until)
            time.sleep(0.5)
        while not self.run(("true",), check=False).ok:
            self._check_alive(until)
            time.sleep(0.5)

    def _check_alive(self, until: float) -> None:
        said = self._console.read_text(errors="replace").splitlines()[-10:] if self._console.exists() else []
        assert self._machine.alive, f"QEMU ended: {self._machine.wait().last_lines} {said}"
        assert time.monotonic() < until, f"it does not answer: {said}"

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | None = None,
        stdin: int | None = None,
        timeout: float = 1800,
    ) -> Result:
        """Run a command as root inside. With `check` it has to succeed."""
        login = ("ssh", *PATIENT, "-p", str(self._ssh_port), "root@127.0.0.1", shlex.join(argv))
        entered = ("sshpass", "-p", emulated_image.PASSWORD, *login)
        result = commands.run(entered, input=input, stdin=stdin, timeout=timeout)
        assert result.ok or not check, f"{shlex.join(argv)}: exit {result.exit}\n{result.output}{result.errors}"
        return result

    def write(self, path: str, content: str) -> None:
        """Write a file inside."""
        self.run(("mkdir", "-p", str(Path(path).parent)))
        self.run(("tee", path), input=content)

    def push(self, files: Mapping[str, str], folder: str) -> None:
        """Write files below a folder inside."""
        for name, content in files.items():
            self.write(f"{folder}/{name}", content)

    def install(self) -> None:
        """Copy this checkout to the Pi and run its installer."""
        home = Path("/home", emulated_image.USER, "piwizard")
        # One compressed file: its network card transfers about 10 kB/s if this machine is busy.
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as packed:
            product.copy_checkout(Path(folder))
            with tarfile.open(fileobj=packed, mode="w:gz") as archive:
                archive.add(folder, home.relative_to("/"))
            packed.seek(0)
            self.run(("tar", "--extract", "--gzip", "--directory=/"), stdin=packed.fileno())
        self.run((str(home / "install.sh"), "--version"), timeout=3600)

    def http(self, path: str = "/", *, host: str, timeout: float = 60, method: str = "GET") -> Answer:
        """Return what the Pi's port 80 answers."""
        address = f"http://127.0.0.1:{self._http_port}{path}"
        request = urllib.request.Request(address, headers={"Host": host}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def set_temperature(self, celsius: float) -> None:
        """Warm or cool the thermometer at address 0x48 of I2C bus 1."""
        setting = {"path": "/machine/peripheral/temperature", "property": "temperature", "value": int(celsius * 1000)}
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self._monitor))
            lines = monitor.makefile("rw")
            lines.readline()  # its greeting
            for command in ({"execute": "qmp_capabilities"}, {"execute": "qom-set", "arguments": setting}):
                lines.write(json.dumps(command) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
                assert "return" in answer, answer

    def discard(self) -> None:
        """Switch it off."""
        self._lifeline.cut()


@contextlib.contextmanager
def booted(folder: Path) -> Iterator[EmulatedPi]:
    """Boot an emulated Pi for a while."""
    pi = EmulatedPi(folder)
    try:
        yield pi
    finally:
        pi.discard()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
