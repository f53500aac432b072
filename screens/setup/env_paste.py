"""Read the content of a .env file that is pasted into a field."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Paste
from textual.widgets import Static

from piwizard.answers.questions import Question
from piwizard.answers.validators import Invalid
from piwizard.apps.env_vars import SAMPLE_NAME
from piwizard.screens.setup.variable_field import given_variables
from piwizard.screens.widgets.editors import LineEditor

MAX_LINES = 500


class PasteEditor(LineEditor):
    """A line that takes everything at once when it is pasted, several lines too."""

    def _on_paste(self, event: Paste) -> None:
        if event.text.strip():
            event.stop()
            event.prevent_default()
            paste = next(one for one in self.ancestors if isinstance(one, EnvPaste))
            paste.take(event.text)


class EnvPaste(Vertical):
    """Save each NAME=value of a pasted file."""

    def __init__(self, site: str | None, question: Question) -> None:
        super().__init__(classes="variable")
        self.site, self.question = site, question
        self.editor = PasteEditor("", "paste here: usually Ctrl+Shift+V", password=True)
        self._note = Static(
            Text("Values of names such as API_KEY or PASSWORD are saved as secrets.", "dim"), markup=False
        )

    def compose(self) -> ComposeResult:
        yield self.editor
        yield self._note

    def on_input_submitted(self, event: LineEditor.Submitted) -> None:
        event.stop()
        self.commit()

    def commit(self, *, cut_off: bool = False) -> None:
        """Save a line that was typed.

        `cut_off`: the connection was lost meanwhile, so its value may be incomplete.
        """
        if self.editor.value.strip() and not cut_off:
            self.take(self.editor.value)

    def problem(self) -> str:
        """Return what is wrong with the line that was typed; "" if nothing is."""
        try:
            self._read(self.editor.value)
        except Invalid as refusal:
            return f"{str(refusal)[:1].upper()}{str(refusal)[1:]}."
        return ""

    def _read(self, text: str) -> dict[str, str]:
        values = parse_env(text) if text.strip() else {}
        for name, value in values.items():
            self.question.validate({name: value})
        return values

    def take(self, text: str) -> None:
        """Save the variables of a text, or say which line is wrong."""
        try:
            values = self._read(text)
        except Invalid as refusal:
            self._note.update(
                Text().append(f"{str(refusal)[:1].upper()}{str(refusal)[1:]}. Nothing was saved.", "yellow")
            )
            return
        self.editor.value = ""
        for message in given_variables(self.site, values):
            self.screen.post_message(message)
        count = "1 setting" if len(values) == 1 else f"{len(values)} settings"
        self._note.update(Text().append("✓ ", "green").append(f"{count} saved: {', '.join(values)}"))


def parse_env(text: str) -> dict[str, str]:
    """Return the variables of a .env file.

    Invalid names the first line that sets none.
    """
    found: dict[str, str] = {}
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise Invalid(f"more than {MAX_LINES} lines were pasted")
    for number, line in enumerate(lines, 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        named, sign, value = content.partition("=")
        match = SAMPLE_NAME.fullmatch(named.strip())
        if not sign or match is None:
            raise Invalid(f"line {number} is not NAME=value")
        value = value.strip()
        quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
        found[match[1]] = value[1:-1] if quoted else value
    if not found:
        raise Invalid("no NAME=value was pasted")
    return found
