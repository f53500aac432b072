"""Provide machines that more than one module of this layer uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import https, layers, online
from tests.lab.home import open_accounts, reachable
from tests.lab.lab import Lab
from tests.lab.pi import Pi


@pytest.fixture
def home(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi at home, and reset the simulated Internet."""
    open_accounts(lab)
    pi = lab.pi(release, layer=reachable(lab, release))
    yield pi
    pi.discard()


@pytest.fixture(scope="module")
def sample_repo(lab: Lab) -> str:
    return layers.repository(lab)


@pytest.fixture(scope="module")
def https_pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi that serves HTTPS, for the fixtures below."""
    made = layers.https_pi(lab, release)
    with online.at_home(lab, made):
        yield made
    made.discard()


@pytest.fixture
def http_site(lab: Lab, https_pi: Pi) -> Pi:
    """Return the Pi with its site over HTTP, and no recorded attempts."""
    online.connect(lab, https_pi)
    if "443" in https_pi.read(https.SITE):
        for step in ("renewal", "certbot"):
            https_pi.run(("piwizard", "undo", step, "--yes"))
    https_pi.run(("rm", "-f", "/var/lib/piwizard/attempts.json"))
    return https_pi


@pytest.fixture
def https_site(lab: Lab, https_pi: Pi, sample_repo: str) -> Pi:
    """Return the Pi with its site over HTTPS."""
    online.connect(lab, https_pi)
    if "443" not in https_pi.read(https.SITE):
        https_pi.run(("rm", "-f", "/var/lib/piwizard/attempts.json"))
        https.set_up(https_pi, sample_repo)
        online.connect(lab, https_pi)
    return https_pi
