"""Test that templates quote values."""

from __future__ import annotations

import pytest

from piwizard.errors import PiwizardError
from piwizard.templates.quoting import nginx_quote, unit_argument, unit_line, unit_word


@pytest.mark.parametrize("char", [*";{}\"'$\\", "\n", "\r", "\t", "\0", "\x1b"])
def test_nginx_quoting_refuses_special_characters(char):
    with pytest.raises(PiwizardError):
        nginx_quote(f"/srv/a{char}b")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("/srv/a-b_c.d", "/srv/a-b_c.d"), ("a b", '"a b"'), ("#a", '"#a"'), ("~x", '"~x"'), ("ü", '"ü"'), (80, "80")],
)
def test_nginx_quoting_is_minimal(value, quoted):
    assert nginx_quote(value) == quoted


@pytest.mark.parametrize("quote", [nginx_quote, unit_word, unit_argument, unit_line])
@pytest.mark.parametrize("value", ["", "a\nb", "a\0", "a\u2028b"])
def test_quoting_refuses_empty_texts_and_line_feeds(quote, value):
    with pytest.raises(PiwizardError):
        quote(value)


@pytest.mark.parametrize(
    ("value", "word", "argument", "line"),
    [
        ("/srv/a", "/srv/a", "/srv/a", "/srv/a"),
        ("a%b", "a%%b", "a%%b", "a%%b"),
        ("a b", '"a b"', '"a b"', "a b"),
        ("$a", '"$a"', '"$$a"', "$a"),
        ('"\\a', '"\\"\\\\a"', '"\\"\\\\a"', '"\\a'),
    ],
)
def test_units(value, word, argument, line):
    assert (unit_word(value), unit_argument(value), unit_line(value)) == (word, argument, line)
