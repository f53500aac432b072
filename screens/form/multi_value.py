"""Widgets for answers of several lines: a list, and a table of names and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from piwizard.screens.form.editors import Choice, LineEditor

KINDS = ("open", "secret", "made up")
"""What a value of a table can be where secrets are allowed: plain, typed in secret, or made by the computer."""
MADE_UP_LENGTH = 32


class ListEditor(Vertical):
    """A list, one member a line. A line more is always there to write in."""

    def __init__(self, members: Sequence[object], placeholder: str) -> None:
        super().__init__()
        self._members = [str(member) for member in members]
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        for member in self._members:
            yield LineEditor(member)
        yield LineEditor("", "" if self._members else self._placeholder)

    def suggest(self, words: str) -> None:
        """What counts while there are no members."""
        for editor in list(self.query(LineEditor))[:1]:
            if not editor.value:
                editor.suggest(words)

    def members(self) -> list[str]:
        """The lines that say something."""
        return [line for editor in self.query(LineEditor) if (line := editor.value.strip())]

    def on_input_changed(self, event: Input.Changed) -> None:
        if list(self.query(LineEditor))[-1].value:
            self.mount(LineEditor())


class TableRow(Horizontal):
    """A name, and its value."""

    def __init__(self, name: str, setting: object, *, secrets: bool) -> None:
        super().__init__()
        self._setting = setting
        self._named = LineEditor(name, "name", id="name")
        self._choice = Choice(KINDS, self._kind(), id="kind") if secrets else None
        shown = setting if isinstance(setting, str) else ""
        self._secrets, self._shown = secrets, shown
        self._value = LineEditor(shown, self._words(), password=self._masked(shown), id="value")

    def compose(self) -> ComposeResult:
        yield self._named
        yield Static("=", markup=False, classes="equals")
        if self._choice:
            yield self._choice
        yield self._value

    def _masked(self, typed: str) -> bool:
        """Whether nobody may read over a shoulder: secrets, and what was kept openly for an app, until it is edited."""
        return self._kind() == "secret" or (self._secrets and bool(typed) and typed == self._shown)

    def _kind(self) -> str:
        if isinstance(self._setting, Mapping):
            return "made up" if "generate" in self._setting else "secret"
        return "open"

    def _words(self) -> str:
        if isinstance(self._setting, Mapping):
            (kind, where), *_ = self._setting.items()
            return {"asked": "kept secretly", "generate": f"{where} signs"}.get(kind, f"from {kind} {where}")
        return "value"

    @property
    def title(self) -> str:
        """The name as it was typed."""
        return self._named.value.strip()

    @property
    def kind(self) -> str:
        """One of KINDS."""
        return self._choice.value if self._choice else "open"

    def on_choice_changed(self, event: Choice.Changed) -> None:
        editor = self._value
        editor.password = self.kind == "secret" or (self.kind == "open" and self._masked(editor.value))
        editor.disabled = self.kind == "made up"
        if self.kind == "made up":
            editor.value, editor.placeholder = "", f"{MADE_UP_LENGTH} signs"
        elif self.kind == "secret" and not isinstance(self._setting, Mapping):
            editor.placeholder = "type it here"

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._value and self.kind == "open":
            self._value.password = self._masked(event.value)

    def on_input_blurred(self, event: Input.Blurred) -> None:
        if event.input is self._value and self.kind == "open":
            self._shown = event.value
            self._value.password = self._masked(event.value)

    def setting(self) -> object:
        """What answers.toml shall hold; a secret that is still to be kept is not among it: None."""
        typed = self._value.value
        if self.kind == "open":
            return typed
        known = self._setting if isinstance(self._setting, Mapping) else None
        if self.kind == "made up":
            return known if known and "generate" in known else {"generate": MADE_UP_LENGTH}
        return known if known and "generate" not in known and not typed else None

    def take_secret(self) -> str:
        """The secret that was typed; the row forgets it."""
        editor = self._value
        typed, editor.value = editor.value, ""
        if typed:
            self._setting, editor.placeholder = {"asked": True}, "kept secretly"
        return typed

    @property
    def secret_typed(self) -> bool:
        """Whether a secret waits to be kept."""
        return self.kind == "secret" and bool(self._value.value)


class TableEditor(Vertical):
    """Names with values, one a line."""

    def __init__(self, value: Mapping[str, Any], placeholder: str, *, secrets: bool) -> None:
        super().__init__()
        self._value, self._placeholder, self._secrets = value, placeholder, secrets

    def compose(self) -> ComposeResult:
        if self._placeholder and not self._value:
            yield Static(self._placeholder, markup=False, classes="suggested")
        for name, setting in self._value.items():
            yield TableRow(name, setting, secrets=self._secrets)
        yield TableRow("", "", secrets=self._secrets)

    def rows(self) -> list[TableRow]:
        """The rows that have a name."""
        return [row for row in self.query(TableRow) if row.title]

    def suggest(self, words: str) -> None:
        """What counts while there are no rows."""
        for line in self.query(".suggested").results(Static):
            line.update(words)

    def value(self) -> dict[str, object] | None:
        """Names with settings, without secrets that are still to be kept; None where there are none."""
        return {row.title: found for row in self.rows() if (found := row.setting()) is not None} or None

    def on_input_changed(self, event: Input.Changed) -> None:
        if list(self.query(TableRow))[-1].title:
            self.mount(TableRow("", "", secrets=self._secrets))
