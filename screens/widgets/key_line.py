"""Show the last line of a page: the keys that work where the focus is.

It is drawn from the active bindings, so that it cannot name a key that does nothing. Each key can be clicked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.events import Click
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.binding import ActiveBinding
    from textual.screen import Screen

KEY_NAMES = {
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "space": "Space", "question_mark": "?", "slash": "/",
    "up": "↑", "pageup": "PgUp", "pagedown": "PgDn", "down": "↓", "left": "←", "right": "→", "home": "Home",
    "end": "End",
}  # fmt: skip
ACTIVATING_KEYS = ("enter", "space")
LAST_KEYS = ("escape", "ctrl+g", "question_mark", "ctrl+q", "q")
"""Keys at the end of the line: back, help and out."""


def key_name(binding: ActiveBinding) -> str:
    """Return the name of a key as people write it: "Ctrl+R"."""
    return binding.binding.key_display or named(binding.binding.key)


def named(key: str) -> str:
    """Return a key of Textual as people write it."""
    if key.startswith("ctrl+"):
        return f"Ctrl+{key.removeprefix('ctrl+').upper()}"
    return KEY_NAMES.get(key, key)


def effect(active: ActiveBinding) -> str:
    """Return what a key does.

    Some widgets say themselves what Enter does, such as a button by its label.
    """
    own = getattr(active.node, "effect", "") if active.binding.key in ACTIVATING_KEYS else ""
    return str(own or active.binding.description)


def shown_bindings(screen: Screen[object]) -> list[ActiveBinding]:
    """Return the active bindings to show, each action once.

    Those of the focused widget come first, those that lead back and out last.
    """
    found: dict[tuple[str, str], ActiveBinding] = {}
    for active in screen.active_bindings.values():
        if active.binding.show and active.enabled:
            known = (effect(active), active.binding.action)
            if known not in found or active.binding.key == "enter":
                found[known] = active
    return sorted(
        found.values(), key=lambda one: LAST_KEYS.index(one.binding.key) if one.binding.key in LAST_KEYS else -1
    )


class KeyLine(Widget):
    """Keys and their effects.

    If the line is too short, keys are omitted, but not Enter and those that lead back and out.
    """

    def __init__(self) -> None:
        super().__init__(classes="keyline")
        self._cells: list[tuple[int, int, ActiveBinding]] = []
        """The first and last column of each key, to click."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> Text:
        keys = shown_bindings(self.screen)
        others = [one for one in keys if one.binding.key not in (*LAST_KEYS, "enter")]
        while others and sum(_width(one) for one in keys) - 2 > self.size.width:
            keys.remove(others.pop())
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        self._cells = []
        for one in keys:
            start = cell_len(line.plain)
            line.append(key_name(one), "bold").append(f" {effect(one)}")
            self._cells.append((start, cell_len(line.plain), one))
            line.append("   ")
        return line

    async def on_click(self, event: Click) -> None:
        for start, end, one in self._cells:
            if start <= event.x < end:
                await self.app.run_action(one.binding.action, one.node)
                return


def _width(one: ActiveBinding) -> int:
    return cell_len(key_name(one)) + cell_len(effect(one)) + 4
