"""What is refused before anybody is asked."""

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


def test_nobody_hands_out_the_name_of_another():
    suffixes = [suffix for provider in PROVIDERS.values() for suffix in provider.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert owner_of("songuuli.duckdns.org").name == "duckdns"
    assert owner_of("songuuli.example.org") is None
    assert owner_of("duckdns.org") is None


@pytest.mark.parametrize(
    ("provider", "answers", "key", "words"),
    [
        ("duckdns", {"hostname": "songuuli.example.org"}, "ddns.hostname", "no name of DuckDNS; those end in .duckdns"),
        ("duckdns", {"hostname": "songuuli.ddns.net"}, "ddns.hostname", "no name of DuckDNS"),
        ("duckdns", {"hostname": "www.songuuli.duckdns.org"}, "ddns.hostname", "one name before .duckdns.org"),
        ("no-ip", {"hostname": "songuuli.duckdns.org"}, "ddns.hostname", "is a name of DuckDNS, not of No-IP"),
        ("desec", {"hostname": "songuuli.hopto.org"}, "ddns.hostname", "is a name of No-IP, not of deSEC"),
        ("no-ip", {"username": None}, "ddns.username", "is missing for No-IP"),
        ("no-ip", {"username": "a#b"}, "ddns.username", "must not hold #"),
        ("no-ip", {"username": "a:b"}, "ddns.username", "must not hold a colon"),
        ("no-ip", {"username": "password=x"}, "ddns.username", 'must not hold "password="'),
        ("no-ip", {"password": None}, "ddns.password", "is missing: the password"),
        ("no-ip", {"password": "x password='y"}, "ddns.password", "cannot be written into"),
        ("no-ip", {"password": " x"}, "ddns.password", "cannot be written into"),
        ("no-ip", {"password": "wörd"}, "ddns.password", "cannot be written into"),
        ("duckdns", {"password": "a&b"}, "ddns.password", "a token of DuckDNS has only"),
        ("custom", {"server": None}, "ddns.server", "is missing"),
        ("cloudflare", {"zone": "example.com"}, "ddns.zone", "does not belong to example.com"),
    ],
)
def test_refusals(account, provider, answers, key, words):
    with pytest.raises(PiwizardError, match=words) as refused:
        account(provider, **answers)
    assert refused.value.key == key
    assert str(answers.get("password", "never there")) not in refused.value.sentence


def test_a_domain_of_ones_own(account):
    assert account("no-ip", hostname="songuuli.example.org").hostname == "songuuli.example.org"
    assert account("cloudflare", hostname="www.example.co.uk", zone="example.co.uk").zone == "example.co.uk"
    assert account("custom", hostname="songuuli.ddns.net").server == "ddns.example.org"


def test_the_fingerprint_is_of_everything_that_counts(account):
    one = account().fingerprint
    assert one == account().fingerprint
    others = ({"password": "other"}, {"username": "you"}, {"hostname": "b.ddns.net"}, {"server": "elsewhere.net"})
    assert len({one, *(account(**other).fingerprint for other in others)}) == 5
