"""What can be known of a machine. None always means "could not be told", never "no"."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Manager = Literal["NetworkManager", "dhcpcd", "systemd-networkd", "ifupdown", "unknown"]


@dataclass(frozen=True)
class OsRelease:
    """`id` "raspbian", `version` "12", `codename` "bookworm", `pretty` as the system calls itself.

    `unsupported` is one sentence of why piwizard won't set this release up; None where it will.
    """

    id: str
    version: str
    codename: str
    pretty: str
    raspberry_pi_os: bool
    unsupported: str | None


@dataclass(frozen=True)
class Board:
    """`model` as the board calls itself, `short` for a headline ("Pi 4", "Pi Zero W", "PC")."""

    model: str
    short: str
    kind: Literal["raspberry-pi", "board", "pc", "virtual"]


@dataclass(frozen=True)
class MemoryFacts:
    """MiB, as the kernel counts them: a Pi sold with 512 MB has about 430, the rest is the graphics'."""

    total: int
    available: int
    swap: int

    @property
    def nominal(self) -> int:
        """MiB of the size printed on the box: 512, 1024, 4096."""
        size = 256
        while size < self.total and size < 1024:
            size *= 2
        return size if self.total <= size else -(-self.total // 1024) * 1024


@dataclass(frozen=True)
class Architecture:
    """`dpkg` "arm64", "armhf"; `machine` what the kernel runs on ("aarch64"); `bits` of the programs."""

    dpkg: str | None
    machine: str
    bits: Literal[32, 64]

    @property
    def armv6(self) -> bool:
        """Whether this is a Pi 1 or Zero: no compiled Python wheels, programs for ARMv7 crash."""
        return self.machine.startswith("armv6")


@dataclass(frozen=True)
class Disk:
    """MiB on the file system of /. `tmp`: the size of /tmp in MiB where it is kept in memory, else None."""

    free: int | None
    total: int | None
    read_only: bool
    tmp: int | None


@dataclass(frozen=True)
class Clock:
    """`synchronised` None: could not be told. `by` is the program in charge, "systemd-timesyncd", or None."""

    synchronised: bool | None
    by: str | None


@dataclass(frozen=True)
class Address:
    """One address: "192.168.1.197" with `prefix` 24. `dynamic`: lent by DHCP or a router, for a time."""

    address: str
    prefix: int
    family: Literal[4, 6]
    scope: str
    dynamic: bool

    def __str__(self) -> str:
        """As in "192.168.1.197/24"."""
        return f"{self.address}/{self.prefix}"


@dataclass(frozen=True)
class Interface:
    """A network interface; `connection` is NetworkManager's UUID of what is active on it.

    `kind` is "ethernet", "wireless" or what the kernel calls a virtual one ("bridge", "veth", "wireguard").
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
    """Where everything that isn't local goes: the router's address and the interface towards it."""

    address: str
    interface: str


@dataclass(frozen=True)
class Network:
    """`interfaces` without loopback, None where the kernel would not say. `netplan`: it keeps the settings."""

    interfaces: tuple[Interface, ...] | None
    gateway: Gateway | None
    gateway6: Gateway | None
    netplan: bool
    name_servers: tuple[str, ...] = ()
    """Those that were told by the network or set, never this machine's own."""

    @property
    def main(self) -> Interface | None:
        """The interface that leads to the Internet, or the only one that has an address."""
        found = self.interfaces or ()
        for gateway in (self.gateway, self.gateway6):
            for interface in found:
                if gateway and interface.name == gateway.interface:
                    return interface
        usable = [i for i in found if i.up and any(a.scope == "global" for a in i.addresses)]
        return usable[0] if len(usable) == 1 else None

    @property
    def address(self) -> Address | None:
        """The address at which the LAN reaches this machine: IPv4 where there is one."""
        main = self.main
        usable = [a for a in main.addresses if a.scope == "global"] if main else []
        return min(usable, key=lambda a: a.family, default=None)


@dataclass(frozen=True)
class PortOwner:
    """Who listens on a TCP port. `words` names it for a person: "Apache", "Pi-hole (lighttpd)".

    `program` and `pid` are None where another user's process can't be looked into; `guessed` says that
    `program` was not proven, only that it is the one web server running.
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
    """`name` of process 1; `systemd`: it can start units; `container` "docker", "systemd-nspawn" or None."""

    name: str
    systemd: bool
    container: str | None


@dataclass(frozen=True)
class Facts:
    """What was detected, at one moment. Versions are upstream's ("1.22.1"); None: not installed."""

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
        """Who listens on TCP port 80 or 443; None: nobody."""
        return next((owner for owner in self.ports if owner.port == number), None)

    def as_json(self) -> dict[str, Any]:
        """The same tree as plain objects, with sizes in MiB."""
        return asdict(self)
