"""What this machine is: read once, in milliseconds, without altering or starting anything."""

from __future__ import annotations

from piwizard.machine.facts.shape import (
    Address,
    Architecture,
    Board,
    Clock,
    Disk,
    Facts,
    Gateway,
    Init,
    Interface,
    Memory,
    Network,
    OsRelease,
    PortOwner,
)
from piwizard.machine.facts.source import LiveSource, Source

__all__ = [
    "Address",
    "Architecture",
    "Board",
    "Clock",
    "Disk",
    "Facts",
    "Gateway",
    "Init",
    "Interface",
    "LiveSource",
    "Memory",
    "Network",
    "OsRelease",
    "PortOwner",
    "Source",
    "gather",
]


def gather(source: Source | None = None) -> Facts:
    """Everything that can be known of a machine at once; of this one unless told otherwise.

    Never raises for what is missing or may not be read: that is None, or the emptiest value there is.
    """
    from piwizard.machine import packages
    from piwizard.machine.facts import board, nginx
    from piwizard.machine.facts.clock import clock
    from piwizard.machine.facts.disk import disk
    from piwizard.machine.facts.init import init
    from piwizard.machine.facts.memory import memory
    from piwizard.machine.facts.network import network
    from piwizard.machine.facts.os_release import os_release
    from piwizard.machine.facts.ports import ports

    source = source or LiveSource()
    found = {each.name: each for each in packages.read(source.read("/var/lib/dpkg/status") or "")}
    versions = {name: package.version for name, package in found.items()}
    dpkg = found.get("dpkg")
    return Facts(
        hostname=(source.read("/proc/sys/kernel/hostname") or "").strip(),
        root=source.root(),
        os=os_release(source),
        board=board.board(source),
        cores=board.cores(source),
        memory=memory(source),
        architecture=board.architecture(source, dpkg.architecture if dpkg else None),
        disk=disk(source),
        clock=clock(source),
        init=init(source),
        network=network(source),
        ports=ports(source),
        nginx_version=nginx.nginx_version(versions),
        openssl_version=nginx.openssl_version(versions),
        python_version=nginx.python_version(source, versions),
        systemd_version=nginx.systemd_version(versions),
    )
