"""Test preflight checks, the staging server and existing certificates."""

from __future__ import annotations

import contextlib
import json

import pytest

from tests.lab import https, online, quickstart
from tests.lab.internet import Reply
from tests.lab.lab import Lab
from tests.lab.pi import Pi


def test_preflight_checks_find_problems_before_any_request(lab: Lab, http_site: Pi, sample_repo: str) -> None:
    zone, acme = lab.internet.zone, lab.internet.acme
    here, www = lab.router.public, f"www.{quickstart.HOST}"

    def refused(sentence: str) -> None:
        answer = https.set_up(http_site, sample_repo, check=False)
        assert answer.exit == 1
        assert sentence in answer.output, answer.output
        assert not acme.staging.counts
        assert not acme.production.counts
        assert http_site.http("/", host=quickstart.HOST).status == 200, "the site is not served over HTTP"

    zone.remove(www)
    refused(f"{www} does not resolve")
    zone.set(www, "A", here)
    zone.set(quickstart.HOST, "CAA", '0 issue "digicert.com"')
    refused(f"A CAA record of {quickstart.HOST} forbids Let's Encrypt")
    zone.remove(quickstart.HOST, "CAA")
    clock = Reply("", headers={"Date": "Sun, 21 Nov 2027 08:49:37 GMT"})
    with contextlib.ExitStack() as all_of_them:
        for host in ("icanhazip.com", "checkip.dyndns.org"):
            all_of_them.enter_context(lab.internet.addresses[host].failing(clock))
        refused("The clock is wrong")


@pytest.mark.nightly
def test_dry_run_decides_for_a_name_that_points_elsewhere(lab: Lab, http_site: Pi, sample_repo: str) -> None:
    zone, acme = lab.internet.zone, lab.internet.acme
    here, www = lab.router.public, f"www.{quickstart.HOST}"

    def refused(sentence: str) -> None:
        answer = https.set_up(http_site, sample_repo, check=False)
        assert answer.exit == 1
        assert sentence in answer.output, answer.output
        assert "The dry run failed too: " in answer.output
        assert not acme.production.counts

    zone.set(www, "A", "11.22.35.9")
    refused(f"{www} points to 11.22.35.9, but your public IP is {here}")
    zone.set(www, "A", here)
    zone.set(www, "AAAA", "2a00:7b80:35::9")
    refused(f"{www} points to 2a00:7b80:35::9, but this Pi has no IPv6 address")
    zone.remove(www, "AAAA")


@pytest.mark.nightly
def test_staging_server_finds_problems_before_production(lab: Lab, http_site: Pi, sample_repo: str) -> None:
    acme = lab.internet.acme

    def refused(sentence: str, orders: int = 0) -> None:
        answer = https.set_up(http_site, sample_repo, check=False)
        assert answer.exit == 1
        assert sentence in answer.output, answer.output
        assert acme.production.counts["newOrder"] == orders
        assert http_site.http("/", host=quickstart.HOST).status == 200, "the site is not served over HTTP"

    lab.router.unforward(80)
    refused("cannot be reached from the Internet at port 80")
    lab.router.forward(80, http_site.address)
    with acme.staging.failing("reset"):
        refused("The ACME server acme-staging-v02.api.letsencrypt.org cannot be reached")
    with acme.staging.failing("untrusted"):
        refused("The certificate of the ACME server acme-staging-v02.api.letsencrypt.org is not trusted")
    acme.production.limit_rate(7200)
    refused("Let's Encrypt accepts no more requests for this site until", orders=1)
    acme.production.relent()
    acme.staging.relent()
    refused("No request was sent: Let's Encrypt accepts no more requests")
    http_site.reboot()
    refused("No request was sent: Let's Encrypt accepts no more requests")
    assert not acme.staging.counts
    known = json.loads(http_site.read("/var/lib/piwizard/attempts.json"))
    http_site.write(
        "/var/lib/piwizard/attempts.json", json.dumps([known[0] | {"retry_at": "2026-01-01T00:00:00+00:00"}])
    )
    https.set_up(http_site, sample_repo)
    assert acme.production.counts["newOrder"] == 1


@pytest.mark.nightly
def test_existing_certificate_is_used_and_its_renewal_fixed(lab: Lab, http_site: Pi, sample_repo: str) -> None:
    names = [word for name in online.NAMES for word in ("-d", name)]
    http_site.run(("mkdir", "-p", "/var/lib/letsencrypt"))
    http_site.run(("certbot", "certonly", "--agree-tos", "--register-unsafely-without-email", "--non-interactive",
               "--webroot", "-w", "/var/lib/letsencrypt", *names))  # fmt: skip
    conf = f"/etc/letsencrypt/renewal/{quickstart.HOST}.conf"
    http_site.run(("sed", "-i", "/webroot_path/d; /webroot_map/d; /= .var.lib.letsencrypt$/d", conf))
    before = lab.internet.acme.production.counts["newOrder"]
    https.set_up(http_site, sample_repo)
    assert lab.internet.acme.production.counts["newOrder"] == before
    assert f"/etc/letsencrypt/live/{quickstart.HOST}/fullchain.pem" in http_site.read(https.SITE)
    assert "webroot_path = /var/lib/letsencrypt," in http_site.read(conf)
    assert set(quickstart.states(http_site).values()) == {"done"}
    http_site.run(("piwizard", "undo", "certbot", "--yes"))
    assert http_site.run(("certbot", "certificates")).output.count("Certificate Name") == 1
