"""List the journeys by the names that the command accepts."""

from __future__ import annotations

from tests.lab.faults.journeys.alone import DynamicDns, Router
from tests.lab.faults.journeys.full_setup import FullSetup
from tests.lab.faults.journeys.journey import Journey
from tests.lab.faults.journeys.served import Deploy, Https, Road

__all__ = ["JOURNEYS", "Journey"]

JOURNEYS: dict[str, type[Journey]] = {
    "road": Road,
    "deploy": Deploy,
    "ddns": DynamicDns,
    "router": Router,
    "https": Https,
    "full-setup": FullSetup,
}
