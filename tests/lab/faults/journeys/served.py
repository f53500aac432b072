"""Set up an app on the LAN, deploy a second version, and add HTTPS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPException

from tests.lab import layers, online, product, quickstart, sample_app
from tests.lab.faults.journeys.journey import Journey
from tests.lab.images import Layer
from tests.lab.pi import Pi


class Road(Journey):
    """The first setup, from an answers file."""

    @cached_property
    def layer(self) -> Layer:
        self.lab.git.commit(self.repo, sample_app.FILES)
        return product.installed(self.lab, self.release)

    def answers(self, pi: Pi) -> str:
        return sample_app.answers(self.lab.git.url(self.repo))

    def verify(self, pi: Pi) -> None:
        quickstart.serves(pi)


class Deploy(Journey):
    """A deployment of a second version, during which the site stays available."""

    argv = again = ("piwizard", "deploy")
    services = ("myflask.service",)

    @cached_property
    def layer(self) -> Layer:
        pi = layers.served_pi(self.lab, self.release)
        second = sample_app.APP.replace('return "It works. "', 'return "Second. "')
        self.lab.git.commit(layers.REPOSITORY, {"app.py": second, "requirements.txt": "flask\nitsdangerous\n"})
        return pi.freeze()

    def verify(self, pi: Pi) -> None:
        assert pi.http("/", host=quickstart.HOST).text.startswith("Second.")

    @contextmanager
    def visitor(self, pi: Pi) -> Iterator[list[str]]:
        failures: list[str] = []
        gone = threading.Event()

        def check() -> None:
            while not gone.wait(0.05):
                try:
                    status = pi.http("/", host=quickstart.HOST, timeout=60.0).status
                except (OSError, HTTPException) as error:
                    failures.append(f"a visitor got {error!r}")
                else:
                    failures.extend([f"a visitor got {status}"] if status != 200 else [])

        thread = threading.Thread(target=check)
        thread.start()
        try:
            yield failures
        finally:
            gone.set()
            thread.join()


class Https(Journey):
    """A certificate for a site that is served over HTTP."""

    steps = ("certbot", "renewal")
    argv = ("piwizard", "apply", "--yes", "--answers", quickstart.ANSWERS)

    @cached_property
    def layer(self) -> Layer:
        pi = layers.served_pi(self.lab, self.release)
        assert self.lab.internet.acme.root
        self.lab.internet.trust(pi)
        return pi.freeze()

    def pi(self, disk: int | None = None) -> Pi:
        pi = super().pi(disk)
        online.connect(self.lab, pi)
        return pi

    def answers(self, pi: Pi) -> str:
        return sample_app.answers(self.lab.git.url(layers.REPOSITORY), more="\n[tls]\nhttps = true\n")

    def verify(self, pi: Pi) -> None:
        page = self.lab.internet.visitor.http(quickstart.HOST, scheme="https")
        assert (page.status, page.headers["strict-transport-security"]) == (200, "max-age=86400")
