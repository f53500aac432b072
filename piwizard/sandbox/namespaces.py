"""Network namespaces, and a way out of one that needs no rule, no route and no device on this machine."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox.required_programs import need
from piwizard.sandbox.sandbox_init import Lifeline
from piwizard.system import commands
from piwizard.system.commands import Process, Result

NAMESPACES = Path("/run/netns")  # on the lifeline, where `ip -n NAME` looks for them


class Namespace:
    """A network namespace that lives as long as the lifeline, or until it is removed."""

    def __init__(self, lifeline: Lifeline, name: str) -> None:
        self._lifeline = lifeline
        self.name = name
        self.file = NAMESPACES / name
        """The file that stands for it, as a path on the lifeline."""

    @property
    def path(self) -> Path:
        """The same file, as a path that works from outside."""
        return self._lifeline.root / self.file.relative_to("/")

    def make(self) -> None:
        """Makes it, with its loopback up. Anyone may ping, as on a Pi."""
        self._lifeline.check(("mkdir", "-p", str(NAMESPACES)))
        self._lifeline.check(("touch", str(self.file)))
        self._lifeline.check(("unshare", f"--net={self.file}", "true"))
        self.check(("ip", "link", "set", "lo", "up"))
        self.check(("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"))

    def remove(self) -> None:
        """Forgets it. It is gone when the last process in it is, and with it every device and address."""
        self._lifeline.run(("umount", "--lazy", str(self.file)))
        self._lifeline.run(("rm", "-f", str(self.file)))

    def check(self, argv: Sequence[str], *, input: str | None = None) -> str:
        """Runs a command in it that has to succeed."""
        return self._lifeline.check(argv, net=self.path, input=input)

    def run(self, argv: Sequence[str]) -> Result:
        """Runs a command in it."""
        return self._lifeline.run(argv, net=self.path)

    def start(self, argv: Sequence[str]) -> Process:
        """Starts a server in it."""
        return self._lifeline.start(argv, net=self.path)


class WayOut:
    """slirp4netns: the namespace reaches what this machine reaches, as any program of this machine would."""

    ADDRESS = "10.0.2.100"
    GATEWAY = "10.0.2.2"
    NAME_SERVER = "10.0.2.3"

    def __init__(self, lifeline: Lifeline, namespace: Namespace, interface: str) -> None:
        need("slirp4netns")
        if not Path("/dev/net/tun").exists():
            hint = "Load it with `modprobe tun`; a container needs the device /dev/net/tun."
            raise PiwizardError("There is no /dev/net/tun, which the network of the copy hangs on.", hint=hint)
        self._api = lifeline.root / f"run/{namespace.name}.slirp"
        options = ("--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path")
        argv = ("slirp4netns", *options, f"--api-socket={self._api}", str(namespace.path), interface)
        # With this machine's own files: it asks the name servers that this machine asks.
        self._process = commands.start(lifeline.on(argv, mounts=False))
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until and self._process.alive:
            if self._api.exists():
                return
            time.sleep(0.01)
        self._process.end(grace=0)
        raise PiwizardError(f"No network for the copy: {self._process.wait().last_words}")

    def forward(self, port: int, to: int) -> None:
        """Lets 127.0.0.1:port of this machine reach port `to` in the namespace."""
        arguments = {"proto": "tcp", "host_addr": "127.0.0.1", "host_port": port, "guest_port": to}
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self._api))
            asked.sendall(json.dumps({"execute": "add_hostfwd", "arguments": arguments}).encode())
            asked.shutdown(socket.SHUT_WR)
            answer = json.loads(b"".join(iter(lambda: asked.recv(4096), b"")))
        if "error" in answer:
            raise PiwizardError(f"Port {port} cannot be forwarded to the copy: {answer['error'].get('desc')}")

    def close(self) -> None:
        """Shuts the way out."""
        self._process.end(grace=2)
