"""Replace symbols and typographic characters where a terminal shows only ASCII."""

from __future__ import annotations

SYMBOLS = str.maketrans(
    {
        "○": ".", "●": "*", "✓": "+", "≠": "~", "✗": "x", "–": "-", "—": "-", "─": "-", "│": "|", "━": "=",
        "▸": ">", "▾": "v", "‹": "<", "›": ">", "·": "-", "…": ".", "•": "*", "█": "#", "“": '"', "”": '"',
        "’": "'", "‘": "'", "↑": "^", "↓": "v", "→": ">", "←": "<", "◐": "o", "≈": "~",
        "❯": ">", "×": "x",
        # Each step of a sparkline has more ink than the one before.
        "▁": ".", "▂": ":", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "#",
    }
)  # fmt: skip


def without_symbols(text: str) -> str:
    """Return the text with ASCII for piwizard's own symbols, cell for cell."""
    return text.replace("°C", "C ").translate(SYMBOLS)
