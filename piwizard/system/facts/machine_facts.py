"""Define the facts about a machine. None always means "unknown", never "no"."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from piwizard.system.lazy_dataclass import dataclass

Manager = Literal["NetworkManager", "dhcpcd", "systemd-networkd", "ifupdown", "unknown"]


@dataclass(frozen=True)
class OsRelease:
    """The release of the operating system: `id` "raspbian", `version` "12".

    `codename` is "bookworm"; `pretty` is the system's own name for itself.

    `unsupported` says in one sentence why piwizard does not support this release; None if it does.
    """

    id: str
    version: str
    codename: str
    pretty: str
    raspberry_pi_os: bool
    unsupported: str | None


@dataclass(frozen=True)
class Board:
    """The board. `model` is its own name for itself, `short` is for a headline.

    Examples of `short`: "Pi 4", "Pi Zero W", "PC".
    """

    model: str
    short: str
    kind: Literal["raspberry-pi", "board", "pc", "virtual"]


@dataclass(frozen=True)
class MemoryFacts:
    """The memory in MiB, as the kernel counts it.

    A Pi sold with 512 MB has about 430, because the graphics processor uses the rest.
    """

    total: int
    available: int
    swap: int

    @property
    def nominal(self) -> int:
        """Return the size in MiB that the board is sold with: 512, 1024, 4096."""
        size = 256
        while size < self.total and size < 1024:
            size *= 2
        return size if self.total <= size else -(-self.total // 1024) * 1024


@dataclass(frozen=True)
class Architecture:
    """The architecture: `dpkg` is "arm64" or "armhf", `machine` the kernel's.

    `machine` is, for example, "aarch64"; `bits` is the word size of the programs.
    """

    dpkg: str | None
    machine: str
    bits: Literal[32, 64]

    @property
    def armv6(self) -> bool:
        """Return whether this is a Pi 1 or Zero.

        There are no compiled Python wheels for it, and programs for ARMv7 crash.
        """
        return self.machine.startswith("armv6")


@dataclass(frozen=True)
class Disk:
    """The space in MiB on the file system of /.

    `tmp` is the size of /tmp in MiB if it is kept in memory, else None. `volatile`: changes to / are kept in memory and
    lost at the next restart.
    """

    free: int | None
    total: int | None
    read_only: bool
    tmp: int | None
    volatile: bool = False
    free_files: int | None = None
    """How many more files it can have; None without a limit."""


@dataclass(frozen=True)
class Clock:
    """The state of the clock. `synchronised` is None if unknown.

    `by` is the program that synchronizes it, such as "systemd-timesyncd", or None.
    """

    synchronised: bool | None
    by: str | None


@dataclass(frozen=True)
class Address:
    """One address: "192.168.1.197" with `prefix` 24.

    `dynamic`: assigned by DHCP or a router, for a limited time.
    """

    address: str
    prefix: int
    family: Literal[4, 6]
    scope: str
    dynamic: bool

    def __str__(self) -> str:
        """Return the address with its prefix: "192.168.1.197/24"."""
        return f"{self.address}/{self.prefix}"


@dataclass(frozen=True)
class Interface:
    """A network interface; `connection` is NetworkManager's UUID.

    `kind` is "ethernet", "wireless" or the kernel's name for a virtual one ("bridge", "veth", "wireguard").
    """

    name: str
    index: int
    kind: str
    mac: str | None
    up: bool
    addresses: tuple[Address, ...]
    manager: Manager
    connection: str | None


@dataclass(frozen=True)
class Gateway:
    """The default gateway: the router's address and the interface to it."""

    address: str
    interface: str


@dataclass(frozen=True)
class Network:
    """The network. `interfaces` are without loopback, or None if unknown.

    `netplan`: netplan manages the settings.
    """

    interfaces: tuple[Interface, ...] | None
    gateway: Gateway | None
    gateway6: Gateway | None
    netplan: bool
    name_servers: tuple[str, ...] = ()
    """From the network or the settings, without those on this machine."""

    @property
    def main(self) -> Interface | None:
        """Return the interface to the Internet, or the only one with an address."""
        found = self.interfaces or ()
        for gateway in (self.gateway, self.gateway6):
            for interface in found:
                if gateway and interface.name == gateway.interface:
                    return interface
        usable = [i for i in found if i.up and any(a.scope == "global" for a in i.addresses)]
        return usable[0] if len(usable) == 1 else None

    @property
    def address(self) -> Address | None:
        """Return the local IP of this machine, IPv4 if there is one."""
        main = self.main
        usable = [a for a in main.addresses if a.scope == "global"] if main else []
        return min(usable, key=lambda a: a.family, default=None)


@dataclass(frozen=True)
class PortOwner:
    """The program that listens on a TCP port.

    `words` is its name for the user: "Apache", "Pi-hole (lighttpd)".

    `program` and `pid` are None if they belong to another user's process that this one cannot read. `guessed`: the
    program is not certain, but it is the only web server that runs.
    """

    port: int
    words: str
    program: str | None
    pid: int | None
    unit: str | None
    package: str | None
    guessed: bool


@dataclass(frozen=True)
class Init:
    """The init system: the `name` of process 1. `systemd`: it can start units.

    `container` is "docker", "systemd-nspawn" or None.
    """

    name: str
    systemd: bool
    container: str | None


@dataclass(frozen=True)
class Facts:
    """All facts about a machine at one moment.

    Versions are upstream's ("1.22.1"), or None if the program is not installed.
    """

    hostname: str
    root: bool
    os: OsRelease
    board: Board
    cores: int
    memory: MemoryFacts
    architecture: Architecture
    disk: Disk
    clock: Clock
    init: Init
    network: Network
    ports: tuple[PortOwner, ...]
    nginx_version: str | None
    openssl_version: str | None
    python_version: str | None
    systemd_version: str | None

    def port(self, number: int) -> PortOwner | None:
        """Return the program that listens on TCP port 80 or 443; None if there is none."""
        return next((owner for owner in self.ports if owner.port == number), None)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain objects, with sizes in MiB."""
        return asdict(self)
