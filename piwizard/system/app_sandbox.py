"""Define the sandbox of an app's command in a systemd unit of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.system import egress_filter, files, paths, transient_unit
from piwizard.system.devices import device_values, uses_bus
from piwizard.system.egress_filter import HOME, INTERNET
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

LOW_PRIORITY = ("CPUWeight=20", "IOWeight=20", "Nice=10", "IOSchedulingClass=best-effort", "IOSchedulingPriority=7")
"""A build uses what the running sites and SSH leave over. The weights apply between services, where a nice value has
no effect; nice and the I/O priority apply where the kernel lacks these controllers."""
OOM_SCORE = 900
"""When memory runs out, the kernel first kills builds and smoke tests, then a site, and sshd last."""
PRIVATE_PIDS_SINCE = 257
"""The first version of systemd that supports PrivatePIDs=."""


DBUS, AVAHI = "/run/dbus", "/run/avahi-daemon"
CLOSED_SOCKETS = (
    "/run/acpid.socket",
    "/run/containerd",
    "/run/cups",
    "/run/docker.sock",
    "/run/libvirt",
    "/run/podman",
    "/run/rpcbind.sock",
    "/run/snapd-snap.socket",
    "/run/snapd.socket",
    "/run/ssh-unix-local",
    "/run/systemd/private",
    "/run/user",
)
"""Sockets that no app needs, whatever network access it has. Database sockets are not among them."""


@dataclass(frozen=True)
class Sandbox:
    """The permissions of a command of an app that runs in a unit of its own.

    `user` runs the command, `writable` are the paths that it can write, `binds` are pairs of a folder and its path
    inside, `network` is its network access. `scripts` are piwizard's own programs, available at `path_inside(script)`
    because the sandbox may hide where piwizard is installed. systemd stops the command after `seconds`. `hardware`
    are the device classes that it may use. `dbus`: it may talk to other programs over D-Bus. `alone`: it sees no
    process of the running app, and is the first of its own, which Ctrl-C does not end.
    """

    user: str
    writable: tuple[Path, ...] = ()
    binds: tuple[tuple[Path, Path], ...] = ()
    seconds: int = 3600
    scripts: tuple[Path, ...] = ()
    network: str = INTERNET
    hardware: tuple[str, ...] = ()
    dbus: bool = False
    alone: bool = True

    def properties(self) -> list[str]:
        """Return the settings of the unit, such as "ProtectSystem=strict"."""
        text = render(
            "systemd/job.j2",
            user=self.user,
            seconds=self.seconds,
            writable=self.writable,
            oom_score=OOM_SCORE,
            hidden=paths.cache_dir(),
            binds=self.binds,
            homes=has_homes(path for _, path in self.binds),
            scripts=[(script, path_inside(script)) for script in self.scripts],
            own_processes=self.alone and transient_unit.systemd_version() >= PRIVATE_PIDS_SINCE,
            weights=LOW_PRIORITY,
            **egress_values(self.network, read_resolvers(), dbus=self.dbus or uses_bus(self.hardware)),
            **device_values(self.hardware),
        )
        return [line for line in text.splitlines() if line and not line.startswith("#")]


def has_homes(targets: Iterable[Path]) -> bool:
    """Return whether the app is to see a folder below /home or /root."""
    return any(target.is_relative_to(home) for target in targets for home in ("/home", "/root"))


def path_inside(script: Path) -> Path:
    """Return the path of one of piwizard's scripts inside the sandbox."""
    return paths.cache_dir() / script.name


def egress_values(network: str, resolvers: Sequence[str] = (), *, dbus: bool = False) -> dict[str, object]:
    """Return the values that the template systemd/egress.j2 needs.

    A unit that runs once needs the current name servers, as returned by `read_resolvers`.
    """
    closed = [*CLOSED_SOCKETS]
    if network != HOME:
        closed.append(AVAHI)
    if not dbus:
        closed.append(DBUS)
    return {
        "network": network,
        "denied": egress_filter.denied_networks(),
        "resolvers": tuple(resolvers),
        "closed": sorted(closed),
    }


def read_resolvers() -> tuple[str, ...]:
    """Return the addresses of the name servers that are not on this machine."""
    return egress_filter.parse_resolvers((files.read(egress_filter.RESOLV_CONF) or b"").decode("utf-8", "replace"))
