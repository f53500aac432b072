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
    "Memory",
    "Network",
    "OsRelease",
    "PortOwner",
]
