"""Test DDNS accounts from answers."""

from __future__ import annotations

import pytest

from piwizard.dns.providers import PROVIDERS, owner_of
from piwizard.errors import PiwizardError


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_has_an_account(account, name):
    made = account(name)
    assert made.provider.name == name
    assert "@" in made.agent
    assert made.agent.startswith("piwizard/")
    assert made.secret not in repr(made)


def test_every_domain_has_one_provider():
    suffixes = [suffix for provider in PROVIDERS.values() for suffix in provider.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert owner_of("songuuli.duckdns.org").name == "duckdns"
    assert owner_of("songuuli.example.org") is None
    assert owner_of("duckdns.org") is None


@pytest.mark.parametrize(
    ("provider", "answers", "key", "words"),
    [
        (
            "duckdns",
            {"hostname": "songuuli.example.org"},
            "ddns.hostname",
            "not a domain of DuckDNS; those end in",
        ),
        ("duckdns", {"hostname": "songuuli.ddns.net"}, "ddns.hostname", "not a domain of DuckDNS"),
        ("duckdns", {"hostname": "www.songuuli.duckdns.org"}, "ddns.hostname", "a single label before .duckdns.org"),
        ("no-ip", {"hostname": "raspberrypi.local"}, "ddns.hostname", "exists only in your home network"),
        ("no-ip", {"hostname": "songuuli.duckdns.org"}, "ddns.hostname", "is a domain of DuckDNS, not of No-IP"),
        ("desec", {"hostname": "songuuli.hopto.org"}, "ddns.hostname", "is a domain of No-IP, not of deSEC"),
        ("no-ip", {"username": None}, "ddns.username", "is missing for No-IP"),
        ("no-ip", {"username": "a#b"}, "ddns.username", "contains #"),
        ("no-ip", {"username": "a:b"}, "ddns.username", "contains a colon"),
        ("no-ip", {"username": "password=x"}, "ddns.username", 'contains "password="'),
        ("no-ip", {"password": None}, "ddns.password", "is missing: enter the password"),
        ("no-ip", {"password": "x password='y"}, "ddns.password", "cannot be written to"),
        ("no-ip", {"password": " x"}, "ddns.password", "cannot be written to"),
        ("no-ip", {"password": "wörd"}, "ddns.password", "cannot be written to"),
        ("duckdns", {"password": "a&b"}, "ddns.password", "a token of DuckDNS may contain only"),
        ("custom", {"server": None}, "ddns.server", "is missing"),
        ("cloudflare", {"zone": "example.com"}, "ddns.zone", "does not belong to example.com"),
    ],
)
def test_account_refuses_wrong_answers(account, provider, answers, key, words):
    with pytest.raises(PiwizardError, match=words) as refused:
        account(provider, **answers)
    assert refused.value.key == key
    assert str(answers.get("password", "never there")) not in refused.value.sentence


def test_account_accepts_a_domain_of_the_user(account):
    assert account("no-ip", hostname="songuuli.example.org").hostname == "songuuli.example.org"
    assert account("cloudflare", hostname="www.example.co.uk", zone="example.co.uk").zone == "example.co.uk"
    assert account("custom", hostname="songuuli.ddns.net").server == "ddns.example.org"


def test_fingerprint_depends_on_all_account_fields(account):
    one = account().fingerprint
    assert one == account().fingerprint
    others = ({"password": "other"}, {"username": "you"}, {"hostname": "b.ddns.net"}, {"server": "elsewhere.net"})
    assert len({one, *(account(**other).fingerprint for other in others)}) == 5
