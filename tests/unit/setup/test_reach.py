"""Test who can open a site, and which answers that needs."""

from __future__ import annotations

import pytest

from piwizard.answers.model import Answers
from piwizard.dns.ddns_account import credential_keys
from piwizard.dns.providers import PROVIDERS
from piwizard.setup import reach
from piwizard.setup.reach import Audience

HOME = {"site.domains": ["raspberrypi.local"]}


def chosen(audience, name, values, sites=None):
    answers = Answers("photos", values)
    return {one.key: one.value for one in reach.choose(audience, name, answers, "raspberrypi", sites or {})}


@pytest.mark.parametrize(
    ("domains", "audience"),
    [((), None), (("raspberrypi.local",), Audience.HOME), (("a.local", "a.duckdns.org"), Audience.INTERNET)],
)
def test_audience_follows_from_the_names(domains, audience):
    assert reach.audience_of(Answers("photos", {"site.domains": list(domains)})) is audience


def test_home_has_the_name_of_the_machine_and_no_https():
    assert chosen(Audience.HOME, None, {}) == {"site.domains": ["raspberrypi.local"], "tls.https": False}


def test_second_site_at_home_has_a_path():
    found = chosen(Audience.HOME, None, {}, {"hello": HOME, "photos": {}})
    assert found == {"site.path": "/photos", "site.domains": ["raspberrypi.local"], "tls.https": False}


def test_home_ends_dynamic_dns_of_this_site_only():
    own = {"site.domains": ["me.duckdns.org"], "ddns.hostname": "me.duckdns.org", "ddns.provider": "duckdns"}
    assert chosen(Audience.HOME, None, own)["ddns.hostname"] is None
    other = {**own, "site.domains": ["other.example.org"]}
    assert "ddns.hostname" not in chosen(Audience.HOME, None, other)


def test_internet_name_chooses_its_provider():
    found = chosen(Audience.INTERNET, "me.duckdns.org", {**HOME, "skip.steps": ["ddns", "dhparam"]})
    assert found == {
        "tls.https": True,
        "site.domains": ["me.duckdns.org"],
        "ddns.hostname": "me.duckdns.org",
        "ddns.provider": "duckdns",
        "skip.steps": ["dhparam"],
    }


def test_name_that_another_site_keeps_up_to_date_stays():
    found = chosen(Audience.INTERNET, "me.duckdns.org", {**HOME, "ddns.hostname": "you.duckdns.org"})
    assert "ddns.hostname" not in found


@pytest.mark.parametrize(
    ("provider", "keys"),
    [
        ("duckdns", ("ddns.password",)),
        ("no-ip", ("ddns.username", "ddns.password")),
        ("cloudflare", ("ddns.password", "ddns.zone")),
        ("custom", ("ddns.username", "ddns.password", "ddns.server")),
    ],
)
def test_only_questions_that_apply_are_asked(provider, keys):
    assert credential_keys(PROVIDERS[provider]) == keys


def test_domain_without_dynamic_dns_needs_no_account():
    assert reach.needed_ddns_keys(Answers("photos", {"site.domains": ["photos.example.org"]})) == ()
