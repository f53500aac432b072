"""List the kinds of faults by the names that the command accepts."""

from __future__ import annotations

from tests.lab.faults.kinds.ended import Kill, Power
from tests.lab.faults.kinds.fault import Fault
from tests.lab.faults.kinds.lacking import Apt, Disk, Network, Service
from tests.lab.faults.kinds.watched import Ssh, Viewer

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
