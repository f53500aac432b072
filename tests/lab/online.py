"""A Pi at home on the Internet: its names lead to the router, which lets in what it forwards to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import quickstart
from tests.lab.lab import Lab
from tests.lab.pi import Pi

NAMES = (quickstart.HOST, f"www.{quickstart.HOST}")


@contextmanager
def at_home(lab: Lab, pi: Pi) -> Iterator[None]:
    """A while in which all is well; the Pi trusts the lab's authorities."""
    assert lab.internet.acme.root
    lab.internet.trust(pi)
    well(lab, pi)
    try:
        yield
    finally:
        for name in NAMES:
            lab.internet.zone.remove(name)
        lab.router.reset()


def well(lab: Lab, pi: Pi) -> None:
    """The names lead home, ports 80 and 443 to the Pi, and the ACME servers are in a good mood."""
    lab.router.reset()
    for name in NAMES:
        lab.internet.zone.remove(name)
        lab.internet.zone.set(name, "A", lab.router.public)
    for port in (80, 443):
        lab.router.forward(port, pi.address)
    for server in (lab.internet.acme.production, lab.internet.acme.staging):
        server.relent()
