"""Test the choice of the validation method from the answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.system.certificates import X509Info
from piwizard.tls.challenge import Challenge, choose_challenge
from piwizard.tls.lineage import Lineage

CLOUDFLARE = {
    "tls.challenge": "dns",
    "ddns.provider": "cloudflare",
    "ddns.hostname": "home.example.com",
    "site.domains": ["home.example.com", "www.home.example.com", "example.com"],
}
TOKEN = {"ddns.password": "tok-1"}


def answered(secrets=TOKEN, **changed):
    values = CLOUDFLARE | {key.replace("__", "."): value for key, value in changed.items()}
    return Answers("blog", {key: value for key, value in values.items() if value is not None}, secrets)


def test_http_challenge_needs_no_account():
    assert choose_challenge(Answers("blog", {"site.domains": ["a.example.org"]}, {})) == Challenge()
    by_http = choose_challenge(answered(tls__challenge="http", secrets={}))
    assert by_http.options == (
        "--webroot",
        "-w",
        "/var/lib/letsencrypt",
    )


def test_dns_challenge_with_cloudflare_uses_debians_plugin():
    challenge = choose_challenge(answered())
    assert challenge.packages == ("certbot", "python3-certbot-dns-cloudflare")
    assert challenge.zone == "example.com"
    path = "/etc/letsencrypt/piwizard-blog.ini"
    assert challenge.options == ("--authenticator", "dns-cloudflare", "--dns-cloudflare-credentials", path)
    assert str(challenge.settings) == path
    assert challenge.content.splitlines()[-1] == "dns_cloudflare_api_token = tok-1"
    assert "tok-1" not in repr(challenge)


@pytest.mark.parametrize(
    ("provider", "hostname", "domain", "zone"),
    [
        ("duckdns", "me.duckdns.org", "me.duckdns.org", "duckdns.org"),
        ("duckdns", "me.duckdns.org", "www.me.duckdns.org", "duckdns.org"),
        ("desec", "me.dedyn.io", "www.me.dedyn.io", "me.dedyn.io"),
        ("desec", "home.example.com", "a.example.com", "example.com"),
    ],
)
def test_dns_challenge_with_other_plugins_runs_in_the_environment(provider, hostname, domain, zone):
    challenge = choose_challenge(answered(ddns__provider=provider, ddns__hostname=hostname, site__domains=[domain]))
    assert challenge.zone == zone
    assert re.fullmatch(rf"certbot-dns-{provider}==[\d.]+ --hash=sha256:[0-9a-f]{{64}}", challenge.requirement)
    assert challenge.certbot == ("/opt/piwizard-certbot/bin/python", "/usr/bin/certbot")
    assert challenge.packages[0] == "certbot"
    assert challenge.content.splitlines()[-1] == f"dns_{provider}_token = tok-1"


DUCK = {"ddns__provider": "duckdns", "ddns__hostname": "me.duckdns.org"}
DESEC = {"ddns__provider": "desec", "ddns__hostname": "me.dedyn.io"}


@pytest.mark.parametrize(
    ("changed", "key", "words"),
    [
        ({"ddns__provider": None}, "tls.challenge", "ddns.provider or ddns.hostname is missing"),
        ({"ddns__hostname": None}, "tls.challenge", "ddns.provider or ddns.hostname is missing"),
        ({"ddns__provider": "no-ip"}, "tls.challenge", 'cannot be "dns" with No-IP'),
        ({"ddns__provider": "dynu"}, "tls.challenge", 'cannot be "dns" with Dynu'),
        ({"ddns__provider": "custom"}, "tls.challenge", "a custom server"),
        ({"secrets": {}}, "ddns.password", "is missing"),
        ({"site__domains": ["a.example.org"]}, "site.domains", "a.example.org does not belong to example.com"),
        ({"site__domains": ["notexample.com"]}, "site.domains", "notexample.com does not belong to example.com"),
        (DUCK | {"site__domains": ["other.duckdns.org"]}, "site.domains", "does not belong to me.duckdns.org"),
        (
            DUCK | {"site__domains": ["me.duckdns.org", "www.me.duckdns.org"]},
            "site.domains",
            "only one domain",
        ),
        (DESEC | {"site__domains": ["other.dedyn.io"]}, "site.domains", "does not belong to me.dedyn.io"),
        ({"ddns__zone": "other.com"}, "ddns.zone", "does not belong to other.com"),
    ],
)
def test_dns_challenge_refuses_answers_that_do_not_fit(changed, key, words):
    with pytest.raises(PiwizardError) as refused:
        choose_challenge(answered(**changed))
    assert refused.value.key == key
    assert words in str(refused.value)
    if key == "tls.challenge":
        assert "Cloudflare" in f"{refused.value} {refused.value.hint}"
        assert 'tls.challenge to "http"' in refused.value.hint


@pytest.mark.parametrize(
    ("noted", "wanted", "differs"),
    [
        ("webroot", Challenge(), False),
        ("standalone", Challenge(), False),  # the step renewal fixes it
        ("dns-cloudflare", Challenge(), True),
        ("webroot", Challenge("dns-cloudflare", zone="x.org"), True),
        ("dns-cloudflare", Challenge("dns-cloudflare", zone="x.org"), False),
    ],
)
def test_challenge_differs_from_certificates_of_the_other_method(noted, wanted, differs):
    there = X509Info(frozenset({"x.org"}), datetime.now(UTC) + timedelta(days=60), "R10")
    assert wanted.differs_from(Lineage("piwizard-blog", there, {"authenticator": noted})) is differs
