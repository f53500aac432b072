"""Ask for the names of a site in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.dns.providers import owner_of
from piwizard.screens.setup.page_field import PageField
from piwizard.screens.widgets.editors import LineEditor
from piwizard.setup.reach import refuse_names

if TYPE_CHECKING:
    from typing import Any

    from textual.widget import Widget


class NamesField(PageField):
    """A list of host names, the main one first, separated by commas or spaces."""

    def _make_editor(self) -> Widget:
        names = self._kept if isinstance(self._kept, list) else []
        return LineEditor(", ".join(names), "such as photos-home.duckdns.org")

    def _given(self) -> Any:  # noqa: ANN401 — as in the base class
        assert isinstance(self._editor, LineEditor)
        return self._editor.value.replace(",", " ").lower().split() or None

    @property
    def names(self) -> list[str]:
        """Return the names that were given, the main one first."""
        return list(self._kept) if isinstance(self._kept, list) else []

    def problem(self) -> str:
        """Return a sentence about what is wrong in the editor; "" if it is valid."""
        return super().problem() or refuse_names(self._given() or ())

    def report(self, text: str, style: str) -> None:
        """Show why the answer was refused, or the result of its lookup.

        A name of a DDNS provider need not resolve yet.
        """
        owner = owner_of(next(iter(self._given() or ()), ""))
        if owner and style == "yellow":
            text, style = (
                f"✓ A free {owner.title} name. It does not point here yet; piwizard will set that up.",
                "green",
            )
        super().report(text, style)

    def show_names(self, names: list[str]) -> None:
        """Show names that were chosen elsewhere."""
        self._kept = names or None
        if isinstance(self._editor, LineEditor) and not self._editor.has_focus:
            self._editor.value = ", ".join(names)
