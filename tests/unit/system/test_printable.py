"""Test that untrusted text is shown and does nothing else to a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piwizard.system import printable

HARMFUL = [
    "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x85", "\x7f", "\x00", "\b", "\r", "\n", "\v", "\f",
    "\u202a", "\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\u200e", "\u2028", "\u2029", "\u2060", "\ufeff",
    "\u00ad", "\u061c", "\u115f", "\u3164", "\ufe0f", "\U000e0041", "\U000e0100", "\ue000", "\U000f0000", "\ufff9",
    "\ud800", "\udc9b", "\ufdd0", "\u034f", "\u180e", "\u2800",
]  # fmt: skip
NASTY = st.text(st.characters()) | st.lists(st.sampled_from([*HARMFUL, "word", " ", "é", "日本", "\t"])).map("".join)


def harmless(text: str) -> bool:
    """Return whether a terminal only shows the text, by Unicode's categories and not by the code under test."""
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return not any(unicodedata.category(char) in hidden or char in "\u3164\u115f\ufe0f\u2800\u034f" for char in text)


@given(NASTY)
def test_line_is_one_harmless_line(text: str) -> None:
    for shown in (printable.line(text), printable.value(text), printable.terminal_line(text)):
        assert harmless(shown)
        shown.encode()
    assert all(map(harmless, printable.lines(text)))


@pytest.mark.parametrize("harm", HARMFUL)
def test_line_shows_harmful_characters_escaped(harm: str) -> None:
    shown = printable.line(f"a{harm}b")
    assert shown.startswith("a\\")
    assert shown.isascii()
    assert len(shown) > len("ab")


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_line_keeps_ordinary_text(text: str) -> None:
    ordinary = "".join(char for char in text if printable.is_visible(char))
    assert printable.line(ordinary) == ordinary


@pytest.mark.parametrize("text", ["Grüße an Zoë", "Naïve e\u0301", "日本語", "עברית", "“quoted” — 3 × 4 ✓"])
def test_line_keeps_other_scripts(text: str) -> None:
    assert printable.line(text) == text


def test_line_limits_combining_marks() -> None:
    assert printable.line("a" + "\u0301" * 50).count("\u0301") == printable.MAX_COMBINING_MARKS


def test_line_is_cut_with_a_count() -> None:
    assert printable.line("x" * 5000) == "x" * 4000 + "... (1000 more characters)"
    assert len(printable.value("y" * 100_000)) < 500
    assert printable.lines("\n".join("z" * 300))[-1] == "... (99 more lines)"


def test_value_cannot_look_like_another_line() -> None:
    fake = f"tidy{' ' * 74}Delete nothing? [y/N]\npiwizard: all well"
    assert printable.value(fake) == "tidy (74 spaces) Delete nothing? [y/N]\\npiwizard: all well"


def test_lines_are_indented() -> None:
    assert printable.lines("first\nsecond\r\nthird", "  ") == ["first", "  second", "  third"]


@given(st.recursive(NASTY | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(NASTY, inner)))
def test_json_is_equal_and_harmless(value: object) -> None:
    for ascii in (True, False):
        text = printable.json_text(value, ascii=ascii)
        assert json.loads(text) == json.loads(json.dumps(value))
        assert harmless(text)
