"""The journeys, by the names that the command takes."""

from __future__ import annotations

from tests.faults.journeys.alone import DynamicDns, Router
from tests.faults.journeys.journey import Journey
from tests.faults.journeys.served import Deploy, Https, Road
from tests.faults.journeys.whole import Whole

__all__ = ["JOURNEYS", "Journey"]

JOURNEYS: dict[str, type[Journey]] = {
    "road": Road,
    "deploy": Deploy,
    "ddns": DynamicDns,
    "router": Router,
    "https": Https,
    "whole": Whole,
}
