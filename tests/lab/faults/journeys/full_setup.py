"""Run every step, in a home with a router, a DDNS provider and Let's Encrypt."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from tests.lab import home, online, product, quickstart, sample_app, weak_dhparams
from tests.lab.faults.journeys.journey import Journey
from tests.lab.images import Layer
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.pi import Pi

MORE = """
{ddns}
[static_ip]
address = "{address}/24"
revert_after = 300

[router]
forward = "upnp"

[dhparam]
way = "generate"
bits = 1024

[tls]
https = true
"""


class FullSetup(Journey):
    """The whole setup of a fresh Pi from one answers file.


    The static address equals its DHCP lease, so that visitors find it throughout; it is on trial until it is confirmed.
    """

    services = ("nginx.service", "myflask.service", "ddclient.service")

    @cached_property
    def layer(self) -> Layer:
        self.lab.git.commit(self.repo, sample_app.FILES)
        assert self.lab.internet.acme.root
        pi = product.ready_pi(self.lab, self.release)
        self.lab.internet.trust(pi)
        weak_dhparams.allow(pi)
        return pi.freeze()

    def pi(self, disk: int | None = None) -> Pi:
        home.open_accounts(self.lab)  # the domain has no address yet; the user points www to it by hand, as at No-IP
        self.lab.router.upnp(MiniUpnpd)
        for name in online.NAMES[1:]:
            self.lab.internet.zone.remove(name)
            self.lab.internet.zone.set(name, "A", self.lab.router.public)
        for server in (self.lab.internet.acme.production, self.lab.internet.acme.staging):
            server.relent()
        return super().pi(disk)

    def answers(self, pi: Pi) -> str:
        more = MORE.format(ddns=home.NO_IP, address=pi.address)
        return sample_app.answers(self.lab.git.url(self.repo), more=more)

    def prepare(self, pi: Pi) -> None:
        pi.write("/root/secret", home.SECRET)
        super().prepare(pi)

    @contextmanager
    def company(self, pi: Pi) -> Iterator[None]:
        """Confirm the address whenever it is on trial."""
        gone = threading.Event()
        trial = pi.files / "var/lib/piwizard/network/trial.json"

        def confirm() -> None:
            while not gone.wait(0.5):
                if trial.exists() and pi.container.running:
                    pi.run(("piwizard", "confirm"), check=False)

        confirming = threading.Thread(target=confirm)
        confirming.start()
        try:
            yield
        finally:
            gone.set()
            confirming.join()

    def verify(self, pi: Pi) -> None:
        visitor = self.lab.internet.visitor
        page = visitor.http(quickstart.HOST, scheme="https")
        assert (page.status, page.headers["strict-transport-security"]) == (200, "max-age=86400")
        assert page.text == 'It works. Hello $you "there" 100%'
        assert visitor.resolve(home.NAME) == [self.lab.router.public]
        there = {(one.port, one.address) for one in self.lab.router.mappings}
        assert there == {(port, pi.address) for port in (80, 443)}, there
        assert (pi.files / "etc/piwizard/dhparam-1024.pem").exists()
        assert "ssl_dhparam /etc/piwizard/dhparam.pem;" in pi.run(("nginx", "-T")).output
