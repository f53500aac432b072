"""Show help for the focused widget, and the keys that work there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from piwizard.screens.text_page import TextPage, heading
from piwizard.screens.widgets.help_column import help_of
from piwizard.screens.widgets.key_line import effect, key_name

if TYPE_CHECKING:
    from textual.binding import ActiveBinding
    from textual.screen import Screen

KEY_COLUMN = 20
SYMBOLS = (
    "  ○ waiting   ● in progress   ✓ OK   ✗ failed\n"
    "  ! needs you, or was interrupted   – skipped\n"
    "  ≠ out of sync   ▸ closed   ▾ open\n"
)
HIDDEN_KEYS = ("super+c", "ctrl+q", "ctrl+c", "f1", "tab", "shift+tab", "ctrl+pageup", "ctrl+pagedown")
"""Keys of Textual itself, and second keys for what has another one."""

HIDDEN_ACTIONS = ("scroll_left", "scroll_right")
"""What Textual's containers bind to keys, although no page is wider than the terminal."""


class HelpPage(TextPage):
    """Help for what has the focus, and all keys that work there."""

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self._title, self._help = help_of(below)
        self._keys = _keys(below)

    def text(self) -> Text:
        text = Text()
        if self._title:
            heading(text, self._title)
            text.append(f"{self._help}\n" if self._help else "")
        heading(text, "Keys here")
        for keys, label in self._keys:
            text.append(f"  {keys:<{KEY_COLUMN}}", "bold").append(f"{label}\n")
        text.append(f"  {'Tab, Shift+Tab':<{KEY_COLUMN}}", "bold").append("next, previous field or button\n")
        heading(text, "Symbols")
        text.append(SYMBOLS)
        return text


def _keys(below: Screen[object]) -> list[tuple[str, str]]:
    """Return the keys of each effect, and the effect."""
    found: dict[tuple[str, str], list[ActiveBinding]] = {}
    for active in below.active_bindings.values():
        hidden = active.binding.key in HIDDEN_KEYS or active.binding.action in HIDDEN_ACTIONS
        if active.enabled and active.binding.description and not hidden:
            found.setdefault((effect(active), active.binding.action), []).append(active)
    rows: list[tuple[str, str]] = []
    for (label, _), actives in found.items():
        actives.sort(key=lambda one: one.binding.key != "enter")
        names = list(dict.fromkeys(key_name(one) for one in actives))
        rows.append((", ".join(names[:2]), label))
    return rows
