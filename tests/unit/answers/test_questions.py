"""Test questions as front ends ask them."""

from __future__ import annotations

import pytest

from piwizard.answers import validators as v
from piwizard.answers.questions import Question

HOSTS = Question("site.domains", "Host names", "", v.list_of(v.host_name, 20, least=1), kind="list")
LINES = Question("app.init", "Run once", "", v.list_of(v.text, 20), kind="list")


@pytest.mark.parametrize(
    ("typed", "members"),
    [
        (["a.example.org"], ["a.example.org"]),
        (["a.example.org, www.a.example.org"], ["a.example.org", "www.a.example.org"]),
        (["a.example.org,b.example.org,", "c.example.org"], ["a.example.org", "b.example.org", "c.example.org"]),
        (["a.example.org, b!"], ["a.example.org", "b!"]),
        ([","], [","]),
        ([], []),
    ],
)
def test_invalid_member_is_split_at_commas(typed, members):
    assert HOSTS.split_members(typed) == members


def test_valid_member_keeps_its_commas():
    assert LINES.split_members(["flask make --kinds a,b"]) == ["flask make --kinds a,b"]
