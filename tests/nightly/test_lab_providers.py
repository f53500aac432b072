"""Check the lab's providers with real clients: ddclient, and certbot's plugins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab
from tests.lab.pi import Pi

NOIP, DUCK, CLOUD, FREE, DESEC = (
    "songuuli2020.ddns.net",
    "songuuli.duckdns.org",
    "home.example.com",
    "songuuli.mooo.com",
    "songuuli.dedyn.io",
)
# bookworm's ddclient needs this library for HTTPS, but does not depend on it.
PACKAGES = ["ddclient", "libio-socket-ssl-perl", "python3-certbot-dns-cloudflare"]
ADDRESS = "11.22.33.44"

SETTINGS = {
    NOIP: f"protocol=noip, login=alex, password=secret {NOIP}",
    DUCK: f"protocol=duckdns, password=token-1 {DUCK}",
    CLOUD: f"protocol=cloudflare, zone=example.com, login=token, password=token-2 {CLOUD}",
    FREE: f"protocol=freedns, login=alex, password=secret {FREE}",
    DESEC: f"protocol=dyndns2, server=update.dedyn.io, login={DESEC}, password=token-3 {DESEC}",
}


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi with ddclient, which does not run by itself."""

    def prepare(fresh: Pi) -> None:
        fresh.run(["apt-get", "update"])
        install = ["apt-get", "install", "--yes", "--no-install-recommends"]
        fresh.run([*install, *PACKAGES], env={"DEBIAN_FRONTEND": "noninteractive"})
        fresh.run(["systemctl", "disable", "ddclient"])
        fresh.run(["systemctl", "stop", "certbot.timer"])

    made = lab.pi(release, layer=lab.layer(release, "providers", " ".join(PACKAGES), prepare))
    net = lab.internet
    assert net.acme.root
    net.trust(made)
    for name in SETTINGS:  # if another test has set this address before, ddclient would skip the update
        net.zone.remove(name)
    net.noip.account("alex", "secret", NOIP)
    net.duckdns.account("token-1", DUCK)
    net.cloudflare.account("token-2", "example.com")
    net.cloudflare.record(CLOUD, "A", "11.22.33.1")
    net.freedns.account("alex", "secret", FREE)
    net.desec.account(DESEC, "token-3", DESEC)
    yield made
    made.discard()
    for name in SETTINGS:
        net.zone.remove(name)


def ddclient(pi: Pi, settings: str) -> str:
    """Run one update with these settings; return its output."""
    pi.run(["rm", "-f", "/var/cache/ddclient/ddclient.cache"])
    pi.write("/root/ddclient.conf", f"ssl=yes\nuse=web, web=api.ipify.org\n{settings}\n")
    done = pi.run(["ddclient", "-daemon=0", "-noquiet", "-file", "/root/ddclient.conf"], check=False)
    return done.output + done.errors


@pytest.mark.both_releases
@pytest.mark.parametrize("name", list(SETTINGS))
def test_ddclient_updates_each_lab_provider(lab: Lab, pi: Pi, name: str) -> None:
    said = ddclient(pi, SETTINGS[name])
    assert f"{name}" in said
    assert "SUCCESS" in said, said
    assert lab.internet.visitor.resolve(name) == [ADDRESS], said


@pytest.mark.parametrize("name", list(SETTINGS))
def test_lab_provider_refuses_a_wrong_password(pi: Pi, name: str) -> None:
    said = ddclient(pi, SETTINGS[name].replace("secret", "wrong").replace("token-", "other-"))
    assert "SUCCESS" not in said
    assert "FAILED" in said


def test_lab_issues_a_certificate_by_dns(lab: Lab, pi: Pi) -> None:
    pi.write("/root/cloudflare.ini", "dns_cloudflare_api_token = token-2\n")
    pi.run(["chmod", "600", "/root/cloudflare.ini"])
    pi.run(["certbot", "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email",
            "--dns-cloudflare", "--dns-cloudflare-credentials=/root/cloudflare.ini",
            "--dns-cloudflare-propagation-seconds=0", "-d", CLOUD])  # fmt: skip
    assert lab.internet.acme.production.counts["certificate"] >= 1
    asked = {(a.name, a.type) for a in lab.internet.zone.asked}
    assert (f"_acme-challenge.{CLOUD}", "TXT") in asked
    assert lab.internet.zone.get(f"_acme-challenge.{CLOUD}", "TXT") == [], "a TXT record is left"


@pytest.mark.parametrize(
    ("plugin", "name", "settings"),
    [("duckdns", DUCK, "dns_duckdns_token = token-1\n"), ("desec", DESEC, "dns_desec_token = token-3\n")],
    ids=["duckdns", "desec"],
)
def test_lab_issues_a_certificate_with_an_indexed_plugin(
    lab: Lab, pi: Pi, plugin: str, name: str, settings: str
) -> None:
    lab.internet.desec_api.account("token-3", DESEC)
    pi.run(["python3", "-m", "venv", "/opt/certbot"])
    pi.run(["/opt/certbot/bin/pip", "install", "--quiet", "certbot", f"certbot-dns-{plugin}"])
    pi.write(f"/root/{plugin}.ini", settings)
    pi.run(["chmod", "600", f"/root/{plugin}.ini"])
    credentials = [f"--authenticator=dns-{plugin}", f"--dns-{plugin}-credentials=/root/{plugin}.ini"]
    # In an environment of its own it comes with its own certificates.
    pi.run(["/opt/certbot/bin/certbot", "certonly", "--non-interactive", "--agree-tos",
            "--register-unsafely-without-email", *credentials, f"--dns-{plugin}-propagation-seconds=0", "-d", name],
           env={"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"})  # fmt: skip
    assert pi.run(["test", "-e", f"/etc/letsencrypt/live/{name}/fullchain.pem"]).ok
