"""Get a certificate by DNS validation in a home that visitors cannot reach."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

LIVE = "/etc/letsencrypt/live/piwizard-myflask/fullchain.pem"
SETTINGS = "/etc/letsencrypt/piwizard-myflask.ini"
QUICK = "/root/.config/letsencrypt/cli.ini"
STEPS = ("system", "nginx", "app", "gunicorn", "site", "certbot", "renewal")


@dataclass(frozen=True)
class Case:
    """A domain at a provider, the names of its site, and the error for a wrong token."""

    provider: str
    host: str
    token: str
    refusal: str
    names: tuple[str, ...]
    more: str = ""

    def answers(self, repo: str) -> str:
        more = f"""
[tls]
https = true
challenge = "dns"

[ddns]
provider = "{self.provider}"
hostname = "{self.host}"
password = {{ file = "/root/secret" }}
{self.more}
"""
        text = sample_app.answers(repo, domain=self.host, more=more)
        return text.replace(f'["{self.host}", "www.{self.host}"]', json.dumps(self.names))


CLOUDFLARE = Case(
    "cloudflare",
    "home.example.com",
    "cf-4711_Known7391token",
    "Cloudflare does not accept the token",
    ("home.example.com", "www.home.example.com"),
    'zone = "example.com"',
)
DUCKDNS = Case(
    "duckdns",
    "songuuli2020.duckdns.org",
    "5e0ff2f4-3c2c-4f0a-9d2b-7d8e9f001177",
    "DuckDNS does not accept the record",
    ("songuuli2020.duckdns.org",),
)
DESEC = Case(
    "desec",
    "songuuli2020.dedyn.io",
    "desec-4711_Known7391token",
    "deSEC does not accept the token",
    ("songuuli2020.dedyn.io", "www.songuuli2020.dedyn.io"),
)


@pytest.fixture
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi at home behind CGNAT, where port forwarding cannot work."""
    net = lab.internet
    made = product.ready_pi(lab, release)
    assert net.acme.root
    net.trust(made)
    net.cloudflare.account(CLOUDFLARE.token, "example.com")
    net.cloudflare.record(CLOUDFLARE.host, "A", "11.22.33.1")
    net.duckdns.account(DUCKDNS.token, DUCKDNS.host)
    net.zone.add(DESEC.host)  # every name is a zone of its own there
    net.desec_api.account(DESEC.token, DESEC.host)
    lab.router.reset()
    lab.router.cgnat()
    for server in (net.acme.production, net.acme.staging):
        server.relent()
    yield made
    made.discard()
    lab.router.reset()


@pytest.mark.parametrize("case", [CLOUDFLARE, DUCKDNS, DESEC], ids=lambda case: case.provider)
def test_dns_validation_works_behind_cgnat(lab: Lab, pi: Pi, case: Case) -> None:
    net = lab.internet
    lab.git.commit("tame", sample_app.FILES)
    pi.write("/root/secret", "not-the-token")
    pi.write(quickstart.ANSWERS, case.answers(lab.git.url("tame")))
    refused = quickstart.apply(pi, *STEPS, "--yes", "--answers", quickstart.ANSWERS, check=False)
    assert refused.exit == 1
    assert case.refusal in refused.output, refused.output
    assert not net.acme.production.counts
    assert pi.http("/", host=case.host).status == 200, "the site is not served over HTTP"
    looked = quickstart.said(pi.run(("piwizard", "checkup", "--json"), check=False))["findings"]
    (grade,) = [one["detail"] for one in looked if one["id"] == "ssl-labs-grade"]
    assert "needs no open port" in grade, "the error blames port 80"

    pi.write("/root/secret", case.token)
    pi.write(QUICK, f"dns-{case.provider}-propagation-seconds = 1\n")  # the lab's name servers serve it at once
    quickstart.apply(pi, *STEPS, "--yes", "--answers", quickstart.ANSWERS)
    assert net.acme.production.counts["certificate"] == 1
    for name in case.names:
        assert (f"_acme-challenge.{name}", "TXT") in {(asked.name, asked.type) for asked in net.zone.asked}
        assert not "".join(net.zone.get(f"_acme-challenge.{name}", "TXT")), "a TXT record is left"
    assert pi.http("/", host=case.host).headers["location"] == f"https://{case.host}/"
    trusting = ssl.create_default_context(cadata=net.acme.root)
    page = pi.http("/", host=case.host, port=443, tls=trusting)
    assert (page.status, page.text) == (200, 'It works. Hello $you "there" 100%')
    assert pi.run(("stat", "-c", "%a %U", SETTINGS)).output == "600 root\n"
    assert case.token not in pi.run(("sh", "-c", "cat /var/log/piwizard/*/* /var/log/letsencrypt/*")).output
    assert "Nothing to do" in quickstart.apply(pi, *STEPS).output

    before = _serial(pi)
    _by_the_timers_service(pi)
    assert _serial(pi) != before
    if (pi.files / "opt/piwizard-certbot").exists():
        _another_python(pi)
        assert quickstart.states(pi)["renewal"] == "drifted"
        quickstart.apply(pi, *STEPS, "--yes")
        assert quickstart.states(pi)["renewal"] == "done"
        _by_the_timers_service(pi)
    pi.run(("rm", QUICK))
    pi.run(("piwizard", "undo", "renewal", "--yes"))
    pi.run(("piwizard", "undo", "certbot", "--yes"))
    for path in (SETTINGS, LIVE, "/opt/piwizard-certbot", "/etc/systemd/system/certbot.service.d/piwizard-plugin.conf"):
        assert not (pi.files / path[1:]).exists(), path


def _another_python(pi: Pi) -> None:
    """Replace python3, as after an upgrade of the system; the earlier one is gone."""
    now = pi.run(("readlink", "-f", "/usr/bin/python3")).output.strip()
    pi.run(("cp", now, "/usr/bin/python3.99"))
    pi.run(("ln", "-sfn", "python3.99", "/usr/bin/python3"))


def _by_the_timers_service(pi: Pi) -> None:
    """Start the timer's service, without its delay."""
    argv = pi.run(("systemctl", "show", "-P", "ExecStart", "certbot.service")).output
    words = argv.partition("argv[]=")[2].partition(" ;")[0].split()
    pi.run((*words, "--no-random-sleep-on-renew", "--force-renewal"))


def _serial(pi: Pi) -> str:
    return pi.run(("openssl", "x509", "-in", LIVE, "-noout", "-serial")).output
