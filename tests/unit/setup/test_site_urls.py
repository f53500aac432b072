"""Test the URLs of sites, and which site the local IP shows."""

from __future__ import annotations

import pytest

from piwizard.answers.model import Answers
from piwizard.setup.site_urls import home_urls, internet_urls, shown_at_local_ip

IP = "192.168.1.9"


@pytest.mark.parametrize(
    ("values", "public", "home"),
    [
        ({"site.domains": ["a.local"]}, (), ("http://a.local", f"http://{IP}")),
        (
            {"site.domains": ["a.local", "a.example.org"], "tls.https": True},
            ("https://a.example.org",),
            ("http://a.local", f"http://{IP}"),
        ),
        ({"site.domains": ["a.example.org"]}, ("http://a.example.org",), (f"http://{IP}",)),
        ({"site.domains": ["a.local"], "site.path": "/x"}, (), ("http://a.local/x", f"http://{IP}/x")),
        ({}, (), ()),
    ],
)
def test_urls_of_a_site(values, public, home):
    answers = Answers("a", values)
    assert internet_urls(answers) == public
    assert home_urls(answers, IP) == home
    assert home_urls(answers, "") == home[:-1]


def test_local_ip_shows_the_first_site_and_what_is_below_its_paths():
    sites = {
        "b": {"site.domains": ["pi.local"]},
        "a": {"site.domains": ["pi.local"], "site.path": "/a"},
        "c": {"site.domains": ["c.local"]},
        "d": {"site.domains": ["c.local"], "site.path": "/d"},
    }
    assert [name for name in sites if shown_at_local_ip(name, sites, set(sites))] == ["b", "a"]
    assert [name for name in sites if shown_at_local_ip(name, sites, {"c", "d"})] == ["c", "d"]
    assert not any(shown_at_local_ip(name, sites, ()) for name in sites)
