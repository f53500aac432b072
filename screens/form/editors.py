"""The widgets in which one value is given: a line of text, or one of some choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

MOVES: list[BindingType] = [
    Binding("up", "app.focus_previous", show=False),
    Binding("down", "app.focus_next", show=False),
]


DOT = " · "


class LineEditor(Input):
    """One line of text; arrows lead to the fields above and below."""

    BINDINGS: ClassVar[list[BindingType]] = MOVES

    def __init__(
        self, value: str = "", placeholder: str = "", *, password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            value, placeholder, password=password, compact=True, select_on_focus=False, id=id, validate_on=[]
        )
        self.cursor_blink = False
        self._suggested = placeholder

    def suggest(self, words: str) -> None:
        """What stands in the empty line: a value, and after a dot its reason, where there is room for that."""
        self._suggested = words
        value, _, reason = words.partition(DOT)
        self.placeholder = value if reason and 0 < self.size.width <= cell_len(words) else words

    @property
    def unsaid(self) -> str:
        """The reason of what is suggested, where there is no room for it."""
        reason = self._suggested.partition(DOT)[2]
        return "" if self.placeholder == self._suggested else f"{reason[:1].upper()}{reason[1:]}. "

    def on_resize(self, event: Resize) -> None:
        if DOT in self._suggested:
            self.suggest(self._suggested)


class Choice(Widget, can_focus=True):
    """One of some words: left, right and Space go through them. The empty word stands for the default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        Binding("right,space", "turn(1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("enter", "accept", show=False),
    ]

    class Changed(Message):
        """Another word was chosen."""

    class Accepted(Message):
        """Enter was pressed."""

    def __init__(self, words: Sequence[str], value: str = "", default: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words = list(words)
        self.value = value
        self.default = default

    def render(self) -> Text:
        shown = self.value or self.default
        many = f"  {self.words.index(shown) + 1} of {len(self.words)}" if shown in self.words else ""
        text = Text(f"‹ {shown or 'choose'} ›", "reverse" if self.has_focus else "" if self.value else "dim")
        return text.append(many if self.has_focus else "", "not reverse dim")

    def action_turn(self, by: int) -> None:
        shown = self.value or self.default
        now = self.words.index(shown) if shown in self.words else -1 if by > 0 else 0
        self.value = self.words[(now + by) % len(self.words)]
        self.refresh()
        self.post_message(self.Changed())

    def take_default(self) -> None:
        """The suggested word is the answer."""
        self.value = self.default
        self.refresh()

    def action_accept(self) -> None:
        self.post_message(self.Accepted())

    def on_focus(self, event: Focus) -> None:
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        self.refresh()

    def on_click(self, event: Click) -> None:
        self.action_turn(1)

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the terminal's own cursor stands while this has the focus."""
        return self.content_region.offset
