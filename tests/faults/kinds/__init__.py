"""The kinds of faults, by the names that the command takes."""

from __future__ import annotations

from tests.faults.kinds.ended import Kill, Power
from tests.faults.kinds.fault import Fault
from tests.faults.kinds.lacking import Apt, Disk, Network, Service
from tests.faults.kinds.watched import Ssh, Viewer

__all__ = ["KINDS", "Fault"]

KINDS: dict[str, type[Fault]] = {
    "kill": Kill,
    "power": Power,
    "viewer": Viewer,
    "ssh": Ssh,
    "disk": Disk,
    "network": Network,
    "apt": Apt,
    "service": Service,
}
