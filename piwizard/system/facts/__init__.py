"""What this machine is: read once, in milliseconds, without altering or starting anything."""

from __future__ import annotations

from piwizard.system.facts.machine_facts import (
    Address,
    Architecture,
    Board,
    Clock,
    Disk,
    Facts,
    Gateway,
    Init,
    Interface,
    MemoryFacts,
    Network,
    OsRelease,
    PortOwner,
)
from piwizard.system.facts.source import FactSource, LiveSource

__all__ = [
    "Address",
    "Architecture",
    "Board",
    "Clock",
    "Disk",
    "FactSource",
    "Facts",
    "Gateway",
    "Init",
    "Interface",
    "LiveSource",
    "MemoryFacts",
    "Network",
    "OsRelease",
    "PortOwner",
    "gather",
]


def gather(source: FactSource | None = None) -> Facts:
    """Everything that can be known of a machine at once; of this one unless told otherwise.

    Never raises for what is missing or may not be read: that is None, or the emptiest value there is.
    """
    from piwizard.system import dpkg
    from piwizard.system.facts import board, nginx_facts
    from piwizard.system.facts.clock import clock
    from piwizard.system.facts.disk import disk
    from piwizard.system.facts.init import init
    from piwizard.system.facts.memory import memory
    from piwizard.system.facts.network_facts import network
    from piwizard.system.facts.os_release import os_release
    from piwizard.system.facts.ports import ports

    source = source or LiveSource()
    found = {each.name: each for each in dpkg.read(source.read("/var/lib/dpkg/status") or "")}
    versions = {name: package.version for name, package in found.items()}
    dpkg_package = found.get("dpkg")
    return Facts(
        hostname=(source.read("/proc/sys/kernel/hostname") or "").strip(),
        root=source.root(),
        os=os_release(source),
        board=board.board(source),
        cores=board.cores(source),
        memory=memory(source),
        architecture=board.architecture(source, dpkg_package.architecture if dpkg_package else None),
        disk=disk(source),
        clock=clock(source),
        init=init(source),
        network=network(source),
        ports=ports(source),
        nginx_version=nginx_facts.nginx_version(versions),
        openssl_version=nginx_facts.openssl_version(versions),
        python_version=nginx_facts.python_version(source, versions),
        systemd_version=nginx_facts.systemd_version(versions),
    )
