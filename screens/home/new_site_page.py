"""Ask for the name of another site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from piwizard.answers import validators as v
from piwizard.screens.dialog import Dialog
from piwizard.screens.widgets.editors import LineEditor
from piwizard.screens.widgets.key_line import KeyLine

TITLE = "New site"
WHY = (
    "Add another web app to this machine, with its own name, user, service and address. "
    "Existing sites stay as they are. Press Enter to name the new site."
)
HELP = "Lowercase letters, digits and hyphens; also names the folder, the system user and the service."


class NewSitePage(Dialog[str]):
    """A page that returns the name, or None if the user goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "create", "create")]

    def __init__(self, taken: Sequence[str]) -> None:
        super().__init__(classes="new-site")
        self._taken = taken

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Name of the new site", markup=False)
            yield LineEditor("", "such as blog", id="site-name")
            yield Static(HELP, markup=False, id="site-note")
        yield KeyLine()

    def _problem(self, name: str) -> str:
        try:
            v.site_name(name)
        except v.Invalid as refusal:
            return f"The name {refusal}."
        return "A site has this name already. Choose another one." if name in self._taken else ""

    def on_input_changed(self, event: Input.Changed) -> None:
        problem = self._problem(event.value) if event.value else ""
        self.query_one("#site-note", Static).update(Text().append(problem or HELP, "yellow" if problem else ""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_create()

    def action_create(self) -> None:
        """Return the name if it can be used; nothing if the field is empty."""
        name = self.query_one(LineEditor).value.strip()
        if not name:
            self.dismiss(None)
        elif not self._problem(name):
            self.dismiss(name)
