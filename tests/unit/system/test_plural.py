"""Test that numbers and their nouns agree."""

from __future__ import annotations

import pytest

from piwizard.system.plural import count_of


@pytest.mark.parametrize(("number", "words"), [(0, "0 messages wait"), (1, "1 message waits"), (2, "2 messages wait")])
def test_count_agrees_with_its_noun(number, words):
    assert count_of(number, "message waits", "messages wait") == words


def test_count_adds_an_s_by_itself():
    assert [count_of(number, "time") for number in (1, 3)] == ["1 time", "3 times"]
