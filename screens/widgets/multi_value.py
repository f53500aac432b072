"""Edit several values: a list, or a table of names and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from piwizard.screens.widgets.editors import Choice, LineEditor

VISIBLE, HIDDEN, GENERATED = KINDS = ("visible", "hidden", "generated")
"""Kinds of values in a table with secrets: plain text, a typed secret, a generated secret."""
GENERATED_LENGTH = 32
"""Characters of a generated secret."""


class ListEditor(Vertical):
    """A list with one value a line, and an empty line to add another."""

    def __init__(self, members: Sequence[object], placeholder: str) -> None:
        super().__init__()
        self._members = [str(member) for member in members]
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        for member in self._members:
            yield LineEditor(member)
        yield LineEditor("", "" if self._members else self._placeholder)

    def suggest(self, suggestion: str) -> None:
        """Show the value that applies while the list is empty."""
        for editor in list(self.query(LineEditor))[:1]:
            if not editor.value:
                editor.suggest(suggestion)

    def members(self) -> list[str]:
        """Return the lines that are not empty."""
        return [line for editor in self.query(LineEditor) if (line := editor.value.strip())]

    def on_input_changed(self, event: Input.Changed) -> None:
        if list(self.query(LineEditor))[-1].value:
            self.mount(LineEditor())


class TableRow(Horizontal):
    """A name and its value."""

    def __init__(self, name: str, setting: object, *, secrets: bool) -> None:
        super().__init__()
        self._setting = setting
        self._named = LineEditor(name, "name", id="name")
        self._choice = Choice({one: one for one in KINDS}, self._kind(), id="kind") if secrets else None
        shown = setting if isinstance(setting, str) else ""
        self._secrets, self._shown = secrets, shown
        self._value = LineEditor(shown, self._placeholder(), password=self._masked(shown), id="value")

    def compose(self) -> ComposeResult:
        yield self._named
        yield Static("=", markup=False, classes="equals")
        if self._choice:
            yield self._choice
        yield self._value

    def _masked(self, typed: str) -> bool:
        """Return whether to mask the value: secrets, and saved values of an app until they are edited."""
        return self._kind() == HIDDEN or (self._secrets and bool(typed) and typed == self._shown)

    def _kind(self) -> str:
        if isinstance(self._setting, Mapping):
            return GENERATED if "generate" in self._setting else HIDDEN
        return VISIBLE

    def _placeholder(self) -> str:
        if isinstance(self._setting, Mapping):
            (kind, where), *_ = self._setting.items()
            return {"asked": "saved", "generate": f"{where} random characters"}.get(kind, f"from {kind} {where}")
        return "value"

    @property
    def title(self) -> str:
        """Return the name as it was typed."""
        return self._named.value.strip()

    @property
    def kind(self) -> str:
        """Return the kind of the value, one of KINDS."""
        return self._choice.value if self._choice else VISIBLE

    def on_choice_changed(self, event: Choice.Changed) -> None:
        editor = self._value
        editor.password = self.kind == HIDDEN or (self.kind == VISIBLE and self._masked(editor.value))
        editor.disabled = self.kind == GENERATED
        if self.kind == GENERATED:
            editor.value, editor.placeholder = "", f"{GENERATED_LENGTH} random characters"
        elif self.kind == HIDDEN and not isinstance(self._setting, Mapping):
            editor.placeholder = "type it here"

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._value and self.kind == VISIBLE:
            self._value.password = self._masked(event.value)

    def on_input_blurred(self, event: Input.Blurred) -> None:
        if event.input is self._value and self.kind == VISIBLE:
            self._shown = event.value
            self._value.password = self._masked(event.value)

    def setting(self) -> object:
        """Return the value for answers.toml; None for a secret that is not saved yet."""
        typed = self._value.value
        if self.kind == VISIBLE:
            return typed
        known = self._setting if isinstance(self._setting, Mapping) else None
        if self.kind == GENERATED:
            return known if known and "generate" in known else {"generate": GENERATED_LENGTH}
        return known if known and "generate" not in known and not typed else None

    def take_secret(self) -> str:
        """Return the secret that was typed, and forget it."""
        editor = self._value
        typed, editor.value = editor.value, ""
        if typed:
            self._setting, editor.placeholder = {"asked": True}, "saved"
        return typed

    @property
    def secret_typed(self) -> bool:
        """Return whether a secret was typed that is not saved yet."""
        return self.kind == HIDDEN and bool(self._value.value)


class TableEditor(Vertical):
    """Names with values, one a line."""

    def __init__(self, value: Mapping[str, Any], placeholder: str, *, secrets: bool) -> None:
        super().__init__()
        self._value, self._secrets = value, secrets
        self._suggestion = Static(placeholder, markup=False, classes="suggested")
        self._suggestion.display = bool(placeholder and not value)

    def compose(self) -> ComposeResult:
        yield self._suggestion
        for name, setting in self._value.items():
            yield TableRow(name, setting, secrets=self._secrets)
        yield TableRow("", "", secrets=self._secrets)

    def rows(self) -> list[TableRow]:
        """Return the rows that have a name."""
        return [row for row in self.query(TableRow) if row.title]

    def suggest(self, suggestion: str) -> None:
        """Show the values that apply while the table is empty."""
        self._suggestion.update(suggestion)
        self._suggestion.display = bool(suggestion and not self._value)

    def value(self) -> dict[str, object] | None:
        """Return names with values, without unsaved secrets; None if there are none."""
        return {row.title: found for row in self.rows() if (found := row.setting()) is not None} or None

    def on_input_changed(self, event: Input.Changed) -> None:
        if list(self.query(TableRow))[-1].title:
            self.mount(TableRow("", "", secrets=self._secrets))
