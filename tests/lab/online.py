"""Connect a Pi to the Internet: names point to the router, which forwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import quickstart
from tests.lab.lab import Lab
from tests.lab.pi import Pi

NAMES = (quickstart.HOST, f"www.{quickstart.HOST}")


@contextmanager
def at_home(lab: Lab, pi: Pi) -> Iterator[None]:
    """Provide a working connection; the Pi trusts the lab's authorities."""
    assert lab.internet.acme.root
    lab.internet.trust(pi)
    connect(lab, pi)
    try:
        yield
    finally:
        for name in NAMES:
            lab.internet.zone.remove(name)
        lab.router.reset()


def connect(lab: Lab, pi: Pi) -> None:
    """Point the names to the router, forward the ports, reset ACME's faults."""
    lab.router.reset()
    for name in NAMES:
        lab.internet.zone.remove(name)
        lab.internet.zone.set(name, "A", lab.router.public)
    for port in (80, 443):
        lab.router.forward(port, pi.address)
    for server in (lab.internet.acme.production, lab.internet.acme.staging):
        server.relent()
