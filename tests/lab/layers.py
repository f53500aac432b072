"""Set up the Pis that many tests begin with; each test gets a fresh copy."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.lab import online, product, quickstart, sample_app
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

REPOSITORY = "sample"
ACME_ROOT = "usr/local/share/ca-certificates/lab-acme-0.crt"
REGISTER = """
import json, pathlib
import josepy
from acme import client, errors, messages
for server in pathlib.Path("/etc/letsencrypt/accounts").glob("*/directory"):
    for folder in server.iterdir():
        key = josepy.JWK.json_loads((folder / "private_key.json").read_text())
        network = client.ClientNetwork(key)
        directory = client.ClientV2.get_directory(f"https://{server.parent.name}/directory", network)
        terms = messages.NewRegistration.from_data(terms_of_service_agreed=True)
        try:
            uri = client.ClientV2(directory, net=network).new_account(terms).uri
        except errors.ConflictError as known:
            uri = known.location
        (folder / "regr.json").write_text(json.dumps({"body": {}, "uri": uri}))
"""
HTTPS = '\n[tls]\nhttps = true\nemail = "me@example.org"\nhsts = "two-years"\n'


def repository(lab: Lab) -> str:
    """Put the sample app's first version into its repository, and return the address."""
    lab.git.start_over(REPOSITORY, sample_app.FILES)
    return lab.git.url(REPOSITORY)


def served(lab: Lab, release: str) -> Layer:
    """Return the sample app set up from an answers file and served over HTTP."""

    def prepare(pi: Pi) -> None:
        quickstart.set_up(pi, repository(lab))
        quickstart.serves(pi)

    return lab.layer(release, "served-site", key(), prepare, on=product.prepared(lab, release))


def https(lab: Lab, release: str) -> Layer:
    """Return the same site over HTTPS; the Pi trusts the lab's authority."""

    def prepare(pi: Pi) -> None:
        with online.at_home(lab, pi):
            pi.write(quickstart.ANSWERS, sample_app.answers(repository(lab), more=HTTPS))
            quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS)

    assert lab.internet.acme.root
    recipe = key() + HTTPS + lab.internet.authority.text
    return lab.layer(release, "https-site", recipe, prepare, on=served(lab, release))


def served_pi(lab: Lab, release: str) -> Pi:
    """Boot a Pi that serves the sample app over HTTP.

    The repository has the version that is served.
    """
    layer = served(lab, release)
    repository(lab)
    return lab.pi(release, layer=layer)


def https_pi(lab: Lab, release: str) -> Pi:
    """Boot a Pi that serves the sample app over HTTPS.

    `online.at_home` points its names to it.
    """
    layer = https(lab, release)
    repository(lab)
    pi = lab.pi(release, layer=layer)
    _know_each_other(lab, pi)
    return pi


def _know_each_other(lab: Lab, pi: Pi) -> None:
    """Register the Pi's accounts at the ACME servers of this session, which know none of an earlier one."""
    earlier = (pi.files / ACME_ROOT).read_text()
    if earlier not in (lab.internet.acme.root, *lab.internet.acme.earlier_roots):
        lab.internet.acme.earlier_roots.append(earlier)
    lab.internet.trust(pi)
    for server in (lab.internet.acme.production, lab.internet.acme.staging):
        server.relent()
    pi.run(("env", "REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt", "python3", "-c", REGISTER))


def key() -> str:
    """Return what the layers depend on: the app, its answers, the setup's code."""
    return "".join(Path(module.__file__).read_text() for module in (sample_app, quickstart))


def main(releases: Sequence[str]) -> None:
    """Make every shared layer of some releases: `python -m tests.lab.layers trixie`."""
    lab = Lab()
    try:
        for release in releases:
            began = time.monotonic()
            https(lab, release)
            print(f"layers of {release}: {time.monotonic() - began:.0f} s", flush=True)
    finally:
        lab.close()


if __name__ == "__main__":
    main(sys.argv[1:])
