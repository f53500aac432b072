"""How the names are shown to be the person's, worked out from the answers, or refused in a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.system.certificates import X509Info
from piwizard.tls.challenge import Challenge, way_of
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


def test_http_needs_no_account():
    assert way_of(Answers("blog", {"site.domains": ["a.example.org"]}, {})) == Challenge()
    assert way_of(answered(tls__challenge="http", secrets={})).options == ("--webroot", "-w", "/var/lib/letsencrypt")


def test_cloudflare():
    way = way_of(answered())
    assert way.packages == ("certbot", "python3-certbot-dns-cloudflare")
    assert way.zone == "example.com"
    path = "/etc/letsencrypt/piwizard-blog.ini"
    assert way.options == ("--authenticator", "dns-cloudflare", "--dns-cloudflare-credentials", path)
    assert str(way.settings) == path
    assert way.content.splitlines()[-1] == "dns_cloudflare_api_token = tok-1"
    assert "tok-1" not in repr(way)


@pytest.mark.parametrize(
    ("provider", "hostname", "domain", "zone"),
    [
        ("duckdns", "me.duckdns.org", "me.duckdns.org", "duckdns.org"),
        ("duckdns", "me.duckdns.org", "www.me.duckdns.org", "duckdns.org"),
        ("desec", "me.dedyn.io", "www.me.dedyn.io", "me.dedyn.io"),
        ("desec", "home.example.com", "a.example.com", "example.com"),
    ],
)
def test_a_plugin_that_debian_does_not_have(provider, hostname, domain, zone):
    way = way_of(answered(ddns__provider=provider, ddns__hostname=hostname, site__domains=[domain]))
    assert way.zone == zone
    assert re.fullmatch(rf"certbot-dns-{provider}==[\d.]+ --hash=sha256:[0-9a-f]{{64}}", way.requirement)
    assert way.certbot == ("/opt/piwizard-certbot/bin/python", "/usr/bin/certbot")
    assert way.packages[0] == "certbot"
    assert way.content.splitlines()[-1] == f"dns_{provider}_token = tok-1"


DUCK = {"ddns__provider": "duckdns", "ddns__hostname": "me.duckdns.org"}
DESEC = {"ddns__provider": "desec", "ddns__hostname": "me.dedyn.io"}


@pytest.mark.parametrize(
    ("changed", "key", "words"),
    [
        ({"ddns__provider": None}, "tls.challenge", "ddns.provider or ddns.hostname is missing"),
        ({"ddns__hostname": None}, "tls.challenge", "ddns.provider or ddns.hostname is missing"),
        ({"ddns__provider": "no-ip"}, "tls.challenge", 'cannot be "dns" at No-IP'),
        ({"ddns__provider": "dynu"}, "tls.challenge", 'cannot be "dns" at Dynu'),
        ({"ddns__provider": "custom"}, "tls.challenge", "a server of your own choice"),
        ({"secrets": {}}, "ddns.password", "is missing"),
        ({"site__domains": ["a.example.org"]}, "site.domains", "a.example.org does not belong to example.com"),
        ({"site__domains": ["notexample.com"]}, "site.domains", "notexample.com does not belong to example.com"),
        (DUCK | {"site__domains": ["other.duckdns.org"]}, "site.domains", "does not belong to me.duckdns.org"),
        (DUCK | {"site__domains": ["me.duckdns.org", "www.me.duckdns.org"]}, "site.domains", "for one name only"),
        (DESEC | {"site__domains": ["other.dedyn.io"]}, "site.domains", "does not belong to me.dedyn.io"),
        ({"ddns__zone": "other.com"}, "ddns.zone", "does not belong to other.com"),
    ],
)
def test_what_cannot_be(changed, key, words):
    with pytest.raises(PiwizardError) as refused:
        way_of(answered(**changed))
    assert refused.value.key == key
    assert words in str(refused.value)
    if key == "tls.challenge":
        assert "Cloudflare" in f"{refused.value} {refused.value.hint}"
        assert 'tls.challenge to "http"' in refused.value.hint


@pytest.mark.parametrize(
    ("noted", "wanted", "differs"),
    [
        ("webroot", Challenge(), False),
        ("standalone", Challenge(), False),  # the step renewal mends it
        ("dns-cloudflare", Challenge(), True),
        ("webroot", Challenge("dns-cloudflare", zone="x.org"), True),
        ("dns-cloudflare", Challenge("dns-cloudflare", zone="x.org"), False),
    ],
)
def test_one_that_would_be_renewed_in_the_other_way(noted, wanted, differs):
    there = X509Info(frozenset({"x.org"}), datetime.now(UTC) + timedelta(days=60), "R10")
    assert wanted.differs(Lineage("piwizard-blog", there, {"authenticator": noted})) is differs
