"""Get certificates from the lab's Let's Encrypt with an unmodified certbot."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.eventually import eventually
from tests.lab.internet.acme import PRODUCTION, STAGING, Acme
from tests.lab.lab import Lab
from tests.lab.pi import Pi

NAME = "songuuli2020.ddns.net"
CERTBOT = ["certbot", "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--webroot",
           "--webroot-path=/srv/page"]  # fmt: skip


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with certbot and a page at the domain, port 80 forwarded to it."""

    def prepare(fresh: Pi) -> None:
        fresh.run(["apt-get", "update"])
        fresh.run(["apt-get", "install", "--yes", "--no-install-recommends", "certbot"])
        fresh.write("/srv/page/index.html", "home sweet home\n")

    made = lab.pi("bookworm", layer=lab.layer("bookworm", "certbot", "1", prepare))
    made.run(["systemd-run", "--unit=page", "--", "python3", "-m", "http.server", "--directory=/srv/page", "80"])
    assert lab.internet.acme.root
    lab.internet.trust(made)
    lab.internet.zone.set(NAME, "A", lab.router.public)
    lab.router.forward(80, made.address)
    eventually(lambda: lab.internet.visitor.http(NAME))
    yield made
    made.discard()
    lab.internet.zone.remove(NAME)
    lab.router.reset()


@pytest.fixture
def acme(lab: Lab, pi: Pi) -> Iterator[Acme]:
    both = lab.internet.acme
    both.production.relent()
    both.staging.relent()
    yield both
    both.production.relent()
    both.staging.relent()


def test_lab_acme_issues_a_certificate(lab: Lab, acme: Acme, pi: Pi) -> None:
    pi.run([*CERTBOT, "--dry-run", "-d", NAME])
    assert acme.staging.counts["newOrder"] == 1
    assert not acme.production.counts
    pi.run([*CERTBOT, "-d", NAME])
    assert acme.production.counts["challenge"] == acme.production.counts["finalize"] == 1
    chain = f"/etc/letsencrypt/live/{NAME}/fullchain.pem"
    pi.run(["openssl", "verify", "-untrusted", chain, chain])
    assert lab.internet.acme.production.requests[0].path == "/directory"


def test_lab_acme_can_be_slow_and_refuse_nonces(acme: Acme, pi: Pi) -> None:
    acme.production.slow = 2
    acme.production.refuse("newOrder", "badNonce", times=1)
    pi.run([*CERTBOT, "--force-renewal", "-d", NAME])
    assert acme.production.counts["newOrder"] == 2
    assert acme.production.counts["challenge"] == 1


@pytest.mark.parametrize(
    ("name", "words"), [(f"no.{NAME}", "dns"), ("closed.ddns.net", "connection"), ("stale.ddns.net", "connection")]
)
def test_lab_acme_refuses_an_unreachable_domain(lab: Lab, acme: Acme, pi: Pi, name: str, words: str) -> None:
    lab.internet.zone.set("closed.ddns.net", "A", "11.22.35.7")
    lab.internet.zone.set("stale.ddns.net", "A", lab.router.public)
    lab.internet.zone.set("stale.ddns.net", "AAAA", "2a00:7b80:35::7")
    refused = pi.run([*CERTBOT, "-d", name], check=False)
    assert not refused.ok
    assert words in (refused.output + refused.errors).lower()


def test_lab_acme_limits_rates_and_can_be_down(acme: Acme, pi: Pi) -> None:
    acme.production.limit_rate(3600)
    refused = pi.run([*CERTBOT, "--force-renewal", "-d", NAME], check=False)
    assert not refused.ok
    # On standard error certbot 2.1 prints a bug of its own: "AttributeError: can't set attribute".
    log = pi.read("/var/log/letsencrypt/letsencrypt.log")
    assert "Retry-After: 3600" in log
    assert "too many certificates" in log
    acme.production.relent()
    for fault in ("reset", "untrusted", "500"):
        with acme.production.failing(fault):
            assert not pi.run([*CERTBOT, "--force-renewal", "-d", NAME], check=False).ok
    assert not acme.production.counts["newOrder"]


def test_lab_acme_directory_names_its_own_server(lab: Lab, acme: Acme) -> None:
    for host in (PRODUCTION, STAGING):
        told = json.loads(lab.internet.visitor.http(host, "/directory", scheme="https").text)
        assert told["newOrder"].startswith(f"https://{host}/")
