"""Read the facts about this machine, without changing or starting anything."""

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
    """Read all facts about a machine, by default about this one.

    Raise nothing if something is missing or cannot be read: its fact is None, or an empty value.
    """
    from piwizard.system import dpkg
    from piwizard.system.facts import board, nginx_facts
    from piwizard.system.facts.clock import read_clock_state
    from piwizard.system.facts.disk import read_disk
    from piwizard.system.facts.init import read_init
    from piwizard.system.facts.memory import read_memory
    from piwizard.system.facts.network_facts import read_network
    from piwizard.system.facts.os_release import read_os_release
    from piwizard.system.facts.ports import read_ports

    source = source or LiveSource()
    found = {each.name: each for each in dpkg.parse_packages(source.read("/var/lib/dpkg/status") or "")}
    versions = {name: package.version for name, package in found.items()}
    dpkg_package = found.get("dpkg")
    return Facts(
        hostname=(source.read("/proc/sys/kernel/hostname") or "").strip(),
        root=source.root(),
        os=read_os_release(source),
        board=board.read_board(source),
        cores=board.count_cores(source),
        memory=read_memory(source),
        architecture=board.read_architecture(source, dpkg_package.architecture if dpkg_package else None),
        disk=read_disk(source),
        clock=read_clock_state(source),
        init=read_init(source),
        network=read_network(source),
        ports=read_ports(source),
        nginx_version=nginx_facts.nginx_version(versions),
        openssl_version=nginx_facts.openssl_version(versions),
        python_version=nginx_facts.python_version(source, versions),
        systemd_version=nginx_facts.systemd_version(versions),
    )
