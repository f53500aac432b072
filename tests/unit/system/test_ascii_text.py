"""Test the characters of terminals that show only ASCII."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper

import pytest

from piwizard.system.ascii_text import without_symbols
from piwizard.system.console import as_encodable


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "48 °C, “steps” → a", '48 C , "steps" > a'),
        ("ascii", "✓ Zoë", "+ Zo?"),
        ("latin-1", "48 °C, Zoë", "48 °C, Zoë"),
        ("utf-8", "“steps”", "“steps”"),
    ],
)
def test_symbols_are_replaced_only_if_the_terminal_lacks_them(encoding: str, text: str, shown: str) -> None:
    assert as_encodable(text, TextIOWrapper(BytesIO(), encoding)) == shown


def test_sparkline_has_a_character_for_each_step() -> None:
    assert without_symbols("▁▂▃▄▅▆▇") == ".:-=+*#"
