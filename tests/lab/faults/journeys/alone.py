"""Run a single step on a Pi with piwizard installed."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from tests.lab import home, quickstart
from tests.lab.faults.journeys.journey import Journey
from tests.lab.images import Layer
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.pi import Pi


class Alone(Journey):
    """One step with its answers file, `asked_for`."""

    asked_for: ClassVar[str]

    @cached_property
    def layer(self) -> Layer:
        return home.reachable(self.lab, self.release)

    def answers(self, pi: Pi) -> str:
        return self.asked_for


class DynamicDns(Alone):
    """Dynamic DNS at DuckDNS; the simulated Internet is reset before each run."""

    steps = ("ddns",)
    services = ("ddclient.service",)
    argv = ("piwizard", "apply", "ddns", "--answers", quickstart.ANSWERS)
    again = ("piwizard", "apply", "ddns")
    asked_for = home.DUCKDNS

    def pi(self, disk: int | None = None) -> Pi:
        home.open_accounts(self.lab)
        return super().pi(disk)

    def prepare(self, pi: Pi) -> None:
        pi.write("/root/secret", home.TOKEN)
        super().prepare(pi)

    def verify(self, pi: Pi) -> None:
        assert self.lab.internet.visitor.resolve(home.DUCK) == [self.lab.router.public]
        assert len(self.lab.internet.duckdns.requests) <= 3, "asked too often"


class Router(Alone):
    """UPnP port forwarding, kept by a timer, on a router that forwards nothing yet."""

    steps = ("router",)
    services = ("piwizard-forwards.service",)
    argv = ("piwizard", "apply", "router", "--answers", quickstart.ANSWERS)
    again = ("piwizard", "apply", "router")
    asked_for = '[router]\nforward = "upnp"\n'

    def pi(self, disk: int | None = None) -> Pi:
        self.lab.router.reset()
        self.lab.router.upnp(MiniUpnpd)
        return super().pi(disk)

    def verify(self, pi: Pi) -> None:
        there = {(one.port, one.address) for one in self.lab.router.mappings}
        assert there == {(port, pi.address) for port in (80, 443)}, there
        timer = pi.run(("systemctl", "is-active", "piwizard-forwards.timer"), check=False)
        assert timer.output == "active\n"
