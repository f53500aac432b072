"""Create network namespaces, and connect one to the Internet.

The uplink needs no rule, route or device on this machine.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox.sandbox_init import SandboxInit, require_programs
from piwizard.system import commands
from piwizard.system.commands import Process, Result

NAMESPACES_FOLDER = Path("/run/netns")  # inside the sandbox, where `ip -n NAME` searches


class Namespace:
    """A network namespace that exists until the sandbox ends, or until it is removed."""

    def __init__(self, sandbox: SandboxInit, name: str) -> None:
        self._sandbox = sandbox
        self.name = name
        self.file = NAMESPACES_FOLDER / name
        """The file of the namespace, as a path inside the sandbox."""

    @property
    def path(self) -> Path:
        """Return the same file, as a path from outside."""
        return self._sandbox.root / self.file.relative_to("/")

    def make(self) -> None:
        """Create it with its loopback interface up. All users may ping, as on a Pi."""
        self._sandbox.check(("mkdir", "-p", str(NAMESPACES_FOLDER)))
        self._sandbox.check(("touch", str(self.file)))
        self._sandbox.check(("unshare", f"--net={self.file}", "true"))
        self.check(("ip", "link", "set", "lo", "up"))
        self.check(("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"))

    def remove(self) -> None:
        """Remove its file.

        The namespace disappears with its last process, including devices and addresses.
        """
        self._sandbox.run(("umount", "--lazy", str(self.file)))
        self._sandbox.run(("rm", "-f", str(self.file)))

    def check(self, argv: Sequence[str], *, input: str | None = None) -> str:
        """Run a command in it and return the output. Raise PiwizardError if it fails."""
        return self._sandbox.check(argv, net=self.path, input=input)

    def run(self, argv: Sequence[str]) -> Result:
        """Run a command in it."""
        return self._sandbox.run(argv, net=self.path)

    def start(self, argv: Sequence[str]) -> Process:
        """Start a server in it."""
        return self._sandbox.start(argv, net=self.path)


class SlirpUplink:
    """An uplink through slirp4netns.

    The namespace reaches what any program of this machine can reach.
    """

    ADDRESS = "10.0.2.100"
    GATEWAY = "10.0.2.2"
    NAME_SERVER = "10.0.2.3"

    def __init__(self, sandbox: SandboxInit, namespace: Namespace, interface: str) -> None:
        require_programs("slirp4netns")
        if not Path("/dev/net/tun").exists():
            hint = "Load the module with `modprobe tun`; a container needs the device /dev/net/tun."
            raise PiwizardError("/dev/net/tun is missing, which the network of the clone needs.", hint=hint)
        self._api = sandbox.root / f"run/{namespace.name}.slirp"
        options = ("--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path")
        argv = ("slirp4netns", *options, f"--api-socket={self._api}", str(namespace.path), interface)
        # Uses this machine's files, to ask the same name servers.
        self._process = commands.start(sandbox.on(argv, mounts=False))
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until and self._process.alive:
            if self._api.exists():
                return
            time.sleep(0.01)
        self._process.end(grace=0)
        raise PiwizardError(f"The network of the clone did not start: {self._process.wait().last_lines}")

    def forward(self, port: int, to: int) -> None:
        """Forward 127.0.0.1:port of this machine to port `to` in the namespace."""
        arguments = {"proto": "tcp", "host_addr": "127.0.0.1", "host_port": port, "guest_port": to}
        with socket.socket(socket.AF_UNIX) as api:
            api.connect(str(self._api))
            api.sendall(json.dumps({"execute": "add_hostfwd", "arguments": arguments}).encode())
            api.shutdown(socket.SHUT_WR)
            answer = json.loads(b"".join(iter(lambda: api.recv(4096), b"")))
        if "error" in answer:
            raise PiwizardError(f"Port {port} cannot be forwarded to the clone: {answer['error'].get('desc')}")

    def close(self) -> None:
        """Stop slirp4netns."""
        self._process.end(grace=2)
