"""HTTPS in a home that nobody can come into: the names are shown by records in the DNS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from tests.lab import product, road, tame
from tests.lab.lab import Lab
from tests.lab.pi import Pi

ZONE, TOKEN = "example.com", "cf-4711_Known7391token"
HOME = f"home.{ZONE}"
LIVE = "/etc/letsencrypt/live/piwizard-myflask/fullchain.pem"
SETTINGS = "/etc/letsencrypt/piwizard-myflask.ini"
MORE = f"""
[tls]
https = true
challenge = "dns"

[ddns]
provider = "cloudflare"
hostname = "{HOME}"
zone = "{ZONE}"
password = {{ file = "/root/secret" }}
"""


@pytest.fixture
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """A Pi at home behind CGNAT, where no forward leads anywhere."""
    net = lab.internet
    made = product.ready_pi(lab, release)
    assert net.acme.root
    net.trust(made)
    net.cloudflare.account(TOKEN, ZONE)
    net.cloudflare.record(HOME, "A", "11.22.33.1")
    lab.router.reset()
    lab.router.cgnat()
    for server in (net.acme.production, net.acme.staging):
        server.relent()
    yield made
    made.discard()
    lab.router.reset()


def test_a_home_behind_cgnat(lab: Lab, pi: Pi) -> None:
    net = lab.internet
    lab.git.commit("tame", tame.FILES)
    answers = tame.answers(lab.git.url("tame"), domain=HOME, more=MORE)
    pi.write("/root/secret", "not-the-token")
    pi.write(road.ANSWERS, answers)
    steps = ("system", "nginx", "app", "gunicorn", "site", "certbot", "renewal")
    refused = road.apply(pi, *steps, "--yes", "--answers", road.ANSWERS, check=False)
    assert refused.exit == 1
    assert "Cloudflare does not take the token" in refused.output, refused.output
    assert not net.acme.production.counts
    assert pi.http("/", host=HOME).status == 200, "it is served over HTTP"

    pi.write("/root/secret", TOKEN)
    road.apply(pi, *steps, "--yes", "--answers", road.ANSWERS)
    assert net.acme.production.counts["certificate"] == 1
    for name in (HOME, f"www.{HOME}"):
        assert (f"_acme-challenge.{name}", "TXT") in {(asked.name, asked.type) for asked in net.zone.asked}
        assert net.zone.get(f"_acme-challenge.{name}", "TXT") == [], "it has tidied up"
    assert pi.http("/", host=HOME).headers["location"] == f"https://{HOME}/"
    assert "It works." in _over_https(lab, pi)
    assert pi.run(("stat", "-c", "%a %U", SETTINGS)).output == "600 root\n"
    assert TOKEN not in pi.run(("piwizard", "logs", "certbot")).output
    assert TOKEN not in pi.run(("sh", "-c", "cat /var/log/piwizard/*/* /var/log/letsencrypt/*")).output
    assert "Nothing to do" in road.apply(pi, *steps).output

    before = _serial(pi)
    _by_the_timers_service(pi)
    assert _serial(pi) != before
    pi.run(("piwizard", "undo", "renewal", "--yes"))
    pi.run(("piwizard", "undo", "certbot", "--yes"))
    assert not (pi.files / SETTINGS[1:]).exists()
    assert not (pi.files / LIVE[1:]).exists()


def _by_the_timers_service(pi: Pi) -> None:
    """What the timer starts, without the minutes that it waits first."""
    argv = pi.run(("systemctl", "show", "-P", "ExecStart", "certbot.service")).output
    words = argv.partition("argv[]=")[2].partition(" ;")[0].split()
    pi.run((*words, "--no-random-sleep-on-renew", "--force-renewal"))


def _serial(pi: Pi) -> str:
    return pi.run(("openssl", "x509", "-in", LIVE, "-noout", "-serial")).output


def _over_https(lab: Lab, pi: Pi) -> str:
    """The page as the laptop gets it, which trusts the lab's authority."""
    trusting = ssl.create_default_context(cadata=lab.internet.acme.root)
    page = pi.http("/", host=HOME, port=443, tls=trusting)
    assert page.status == 200
    return page.text
