"""The sandbox of an app's service, for a command of the app that is run in a unit of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from piwizard.system import egress_filter, files, paths, transient_unit
from piwizard.system.egress_filter import HOME, INTERNET
from piwizard.templates.render import render

GENTLE = ("CPUWeight=20", "IOWeight=20", "Nice=10", "IOSchedulingClass=best-effort", "IOSchedulingPriority=7")
"""A build takes what the running sites and SSH leave. The weights do that between services, where a nice value counts
for nothing; nice and the priority do where the kernel lacks those controllers."""
OOM_SCORE = 900
"""Where memory ends, the kernel kills what is built or tried first, then a site, and sshd last."""
PRIVATE_PIDS_SINCE = 257
"""The first version of systemd that has PrivatePIDs=."""


DBUS, AVAHI = "/run/dbus", "/run/avahi-daemon"
CLOSED = (
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
"""Sockets of programs that an app has no business with, whatever it may reach. Those of databases are not here."""


@dataclass(frozen=True)
class Sandbox:
    """What a command of an app's may touch, while it is run in a unit of its own.

    `user` is who it runs as, `writable` what it may write, `binds` pairs of a folder and the path that it has for the
    command, `network` what it may reach. `scripts` are programs of piwizard's that it finds at `seen(script)`: where
    piwizard is installed may be hidden from it. It is ended after `seconds`.
    """

    user: str
    writable: tuple[Path, ...] = ()
    binds: tuple[tuple[Path, Path], ...] = ()
    seconds: int = 3600
    scripts: tuple[Path, ...] = ()
    network: str = INTERNET

    def properties(self) -> list[str]:
        """Return the settings of its unit, such as "ProtectSystem=strict"."""
        text = render(
            "systemd/job.j2",
            user=self.user,
            seconds=self.seconds,
            writable=self.writable,
            oom_score=OOM_SCORE,
            hidden=paths.cache_dir(),
            binds=self.binds,
            scripts=[(script, seen(script)) for script in self.scripts],
            own_processes=transient_unit.systemd_version() >= PRIVATE_PIDS_SINCE,
            weights=GENTLE,
            **egress_values(self.network, resolvers_here()),
        )
        return [line for line in text.splitlines() if line and not line.startswith("#")]


def seen(script: Path) -> Path:
    """Return the path at which a command finds a script of piwizard's."""
    return paths.cache_dir() / script.name


def egress_values(network: str, resolvers: Sequence[str] = (), *, dbus: bool = False) -> dict[str, object]:
    """Return the values that the template systemd/egress.j2 needs.

    A unit that runs once needs the name servers of this moment, as `resolvers_here` gives them.
    """
    closed = [*CLOSED]
    if network != HOME:
        closed.append(AVAHI)
    if network != HOME or not dbus:
        closed.append(DBUS)
    return {
        "network": network,
        "denied": egress_filter.denied(),
        "resolvers": tuple(resolvers),
        "closed": sorted(closed),
    }


def resolvers_here() -> tuple[str, ...]:
    """Return the addresses of this machine's name servers, without those on the machine itself."""
    return egress_filter.resolvers((files.read(egress_filter.RESOLV_CONF) or b"").decode("utf-8", "replace"))
