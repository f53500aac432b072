"""Test failures of Let's Encrypt: a certificate in the end, or a clear error.

No attempt is wasted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import online, product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.internet.acme import AcmeServer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HTTPS = "\n[tls]\nhttps = true\n"
ATTEMPTS = "/var/lib/piwizard/attempts.json"
LIVE = "/etc/letsencrypt/live/piwizard-myflask/fullchain.pem"
TROUBLE = "The ACME server has an internal error."


@pytest.fixture(scope="module", params=["trixie", "bookworm"])
def pi(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Pi]:
    """Return a Pi at home with its site served over HTTP."""
    lab.git.commit("tame", sample_app.FILES)
    made = product.ready_pi(lab, request.param)
    quickstart.set_up(made, lab.git.url("tame"))
    with online.at_home(lab, made):
        yield made
    for server in _both(lab):
        server.restart()
    made.discard()


@pytest.fixture
def plain(lab: Lab, pi: Pi) -> Pi:
    """Remove the records of earlier attempts."""
    _without_certificate(pi)
    pi.run(("rm", "-f", ATTEMPTS))
    online.connect(lab, pi)
    _restart(lab, pi)
    return pi


@pytest.mark.parametrize("bad_nonces", [5, 50])
def test_certificate_is_issued_despite_bad_nonces(lab: Lab, plain: Pi, bad_nonces: int) -> None:
    """Expect a clear error if half of the requests fail.

    certbot tries each one twice.
    """
    _restart(lab, plain, bad_nonces=bad_nonces, slow=5)
    asked = ask(lab, plain, check=False)
    if not asked.ok:
        assert TROUBLE in asked.output, asked.output
        _without_certificate(plain)  # it may have failed at the dry run: the new servers do not know the account
        _restart(lab, plain, slow=5)
        ask(lab, plain)
    assert results(plain)[-1] == "issued"
    assert not any(one["failed"] for one in kept_attempts(plain)), "a failed validation is counted"


def test_reused_authorizations_are_accepted(lab: Lab, plain: Pi) -> None:
    _restart(lab, plain, reuse=100)
    ask(lab, plain)
    validated = lab.internet.acme.production.counts["challenge"]
    plain.run(("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew"))
    assert lab.internet.acme.production.counts["challenge"] == validated, "a new validation was requested"
    assert results(plain) == ["issued"]


@pytest.mark.parametrize(("kind", "orders"), [("newOrder", 1), ("finalize", 1), ("authorization", 1)])
def test_acme_server_errors_are_reported_and_retried(lab: Lab, plain: Pi, kind: str, orders: int) -> None:
    """Report the error, keep the site online; the next apply gets a certificate."""
    acme = lab.internet.acme.production
    acme.refuse(kind, "serverInternal", detail="Service busy; retry later.", status=503)
    refused = ask(lab, plain, check=False)
    assert refused.exit == 1
    assert TROUBLE in refused.output, refused.output
    assert "Traceback" not in refused.output + refused.errors
    assert acme.counts["newOrder"] == orders
    (kept,) = kept_attempts(plain)
    assert (kept["result"], kept["failed"]) == ("refused", []), "a failed validation is counted"
    assert plain.http("/", host=quickstart.HOST).status == 200
    acme.relent()
    ask(lab, plain)
    assert results(plain) == ["refused", "issued"]


def test_lost_acme_server_is_reported_and_retried(lab: Lab, plain: Pi) -> None:
    acme = lab.internet.acme
    with acme.production.failing("reset"):
        refused = ask(lab, plain, check=False)
    assert refused.exit == 1
    assert "The ACME server acme-v02.api.letsencrypt.org cannot be reached." in refused.output, refused.output
    ask(lab, plain)
    assert results(plain)[-1] == "issued"


def test_killed_order_counts_as_an_attempt(lab: Lab, plain: Pi) -> None:
    """Kill piwizard and certbot: the attempt counts, and the next one succeeds."""
    acme = lab.internet.acme.production
    acme.slow = 60
    ask(lab, plain, "--detach")
    eventually(lambda: _assert(acme.counts["challenge"] >= 1), 180)
    plain.run(("systemctl", "kill", "--signal=KILL", "piwizard-run-*"))
    acme.relent()
    assert results(plain) == ["asked"]
    assert plain.http("/", host=quickstart.HOST).status == 200
    eventually(lambda: ask(lab, plain), 30)
    assert results(plain) == ["asked", "issued"]
    assert plain.run(("openssl", "x509", "-in", LIVE, "-noout")).ok


def test_killed_certbot_is_reported_and_retried(lab: Lab, plain: Pi) -> None:
    """Kill certbot as the kernel does when memory is exhausted."""
    acme = lab.internet.acme.production
    acme.slow = 60
    ask(lab, plain, "--detach")
    eventually(lambda: _assert(acme.counts["challenge"] >= 1), 180)
    plain.run(("pkill", "--signal", "KILL", "-f", "/usr/bin/certbot certonly"))
    eventually(lambda: _assert(quickstart.states(plain)["certbot"] == "failed"), 60)
    acme.relent()
    assert "certbot was killed before" in plain.run(("piwizard", "logs")).output
    ask(lab, plain)
    assert results(plain) == ["asked", "issued"]


def ask(lab: Lab, pi: Pi, *options: str, check: bool = True):
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url("tame"), more=HTTPS))
    return quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS, *options, check=check)


def kept_attempts(pi: Pi) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(pi.read(ATTEMPTS))
    return found


def results(pi: Pi) -> list[str]:
    """Return the result of each request to the production server."""
    return [one["result"] for one in kept_attempts(pi)]


def _without_certificate(pi: Pi) -> None:
    for step in ("renewal", "certbot"):
        pi.run(("piwizard", "undo", step, "--yes"))


def _restart(lab: Lab, pi: Pi, **settings: int) -> None:
    """Restart both servers with these faults; their earlier accounts are gone."""
    for server in _both(lab):
        server.restart(**settings)
    pi.run(("rm", "-rf", "/etc/letsencrypt/accounts"))
    lab.internet.trust(pi)


def _both(lab: Lab) -> tuple[AcmeServer, AcmeServer]:
    return lab.internet.acme.production, lab.internet.acme.staging


def _assert(held: bool) -> None:
    assert held
