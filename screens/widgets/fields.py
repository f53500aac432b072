"""Show a question as a field: a label, an editor, a line for help or problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.widget import Widget
from textual.widgets import Input, Static

from piwizard.answers.model import SITE_TABLES
from piwizard.answers.validators import Invalid, secret_text
from piwizard.screens.messages import AnswerGiven, FieldLeft, SecretGiven
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.editors import REASON_SEPARATOR, Choice, LineEditor
from piwizard.screens.widgets.help_column import HELP_BESIDE
from piwizard.screens.widgets.multi_value import ListEditor, TableEditor
from piwizard.setup.answer_labels import with_labels

if TYPE_CHECKING:
    from piwizard.answers.questions import Question


YES_NO = {"yes": "Yes", "no": "No"}


class Field(Vertical):
    """A question to answer.

    It posts `AnswerGiven` when the cursor leaves it with a new valid value.
    """

    def __init__(self, site: str | None, question: Question, answer: object) -> None:
        super().__init__(id=f"field-{question.key.replace('.', '-')}", classes=f"-{question.kind}")
        self.site = site
        self.question = question
        self._kept = answer
        self._report: tuple[str, str] | None = None
        self._left = False
        # Attributes instead of queries: answers are saved and reported even while the field is mounted or removed.
        self._label = Static(classes="label", markup=False)
        self._editor = self._make_editor()
        self._note = Static(classes="note", markup=False)

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield self._label
            yield self._editor
        yield self._note

    def on_mount(self) -> None:
        self._show_label()
        self.refresh_note()

    def _show_label(self) -> None:
        """Show in the label whether the question is answered."""
        label = Text(self.question.prompt)
        if self._kept is not None:
            label.append(" saved", "dim")  # whether it is right, only a lookup or a run can say
        self._label.update(label)

    def _make_editor(self) -> Widget:
        question, kept = self.question, self._kept
        match question.kind:
            case "choice":
                return Choice(question.choices, str(kept or ""), str(question.default or ""))
            case "yesno":
                return Choice(YES_NO, _yes_no(kept), _yes_no(question.default))
            case "list":
                return ListEditor(kept if isinstance(kept, list) else [], self._placeholder())
            case "table":
                return TableEditor(
                    kept if isinstance(kept, Mapping) else {}, self._placeholder(), secrets=self._accepts_secrets()
                )
            case "secret":
                return LineEditor("", "saved" if kept else "", password=True)
        return LineEditor("" if kept is None else str(kept), self._placeholder())

    def _placeholder(self) -> str:
        value = describe_default(self.question.default) or ("required" if self.question.required else "")
        return f"{value}{REASON_SEPARATOR}{self.question.detected}" if value and self.question.detected else value

    def _accepts_secrets(self) -> bool:
        try:
            self.question.validate({"A": {"generate": 32}})
        except Invalid:
            return False
        return True

    def update_question(self, question: Question, answer: object) -> None:
        """Show new defaults, or an answer that was given in another terminal."""
        self.question = question
        editor = self._editor
        # A value that is still shown is no new answer: it must not overwrite one that was given elsewhere.
        stays = isinstance(editor, (ListEditor, TableEditor)) or (isinstance(editor, LineEditor) and editor.has_focus)
        if isinstance(editor, LineEditor) and question.kind != "secret":
            editor.suggest(self._placeholder())
            if not editor.has_focus and answer != self._kept:
                editor.value = "" if answer is None else str(answer)
        elif isinstance(editor, (ListEditor, TableEditor)):
            editor.suggest(self._placeholder())
        elif isinstance(editor, (Choice, ChoiceList)):
            editor.default = _yes_no(question.default) if question.kind == "yesno" else str(question.default or "")
            if answer != self._kept and not editor.has_focus:
                editor.value = _yes_no(answer) if question.kind == "yesno" else str(answer or "")
            editor.refresh()
        if not stays:
            self._kept = answer
        self._show_label()

    def report(self, text: str, style: str) -> None:
        """Show why the answer was refused, or the result of its lookup."""
        self._report = (text, style) if text else None
        self.refresh_note()

    def _given(self) -> Any:  # noqa: ANN401 — depends on the kind of question
        """Return the content of the editor; None if it is empty."""
        editor = self._editor
        if isinstance(editor, TableEditor):
            return editor.value()
        if isinstance(editor, ListEditor):
            return self.question.split_members(editor.members()) or None
        if isinstance(editor, (Choice, ChoiceList)):
            if self.question.kind == "yesno":
                return {"yes": True, "no": False}.get(editor.value)
            return editor.value or None
        return editor.value.strip() or None if isinstance(editor, Input) else None

    def problem(self) -> str:
        """Return a sentence about what is wrong in the editor; "" if it is valid."""
        try:
            given = self._given()
            if self.site is None and self.question.table in SITE_TABLES and self._secret_typed():
                return "Enter the site name before its secrets."
            if self.question.kind == "secret":
                if given is not None:
                    secret_text(given)
            elif given is not None:
                self.question.validate(given)
        except Invalid as refusal:
            return with_labels(f"{self.question.prompt} {refusal}.")
        return ""

    def _secret_typed(self) -> bool:
        editor = self._editor
        if isinstance(editor, TableEditor):
            return any(row.secret_typed for row in editor.rows())
        return self.question.kind == "secret" and isinstance(editor, LineEditor) and bool(editor.value)

    def commit(self, *, cut_off: bool = False) -> None:
        """Report the answer to the screen if it is new and valid.

        `cut_off` means that the connection was lost while the user was typing. Then secrets are not saved, since no one
        would notice later that one is incomplete.
        """
        self._left = True
        if not self.problem():
            if self.question.kind == "secret" and not cut_off:
                self._commit_secret()
            elif self.question.kind != "secret":
                if not cut_off:
                    self._commit_table_secrets()
                given = self._given()
                checked = None if given is None else self.question.validate(given)
                if checked != self._kept:
                    before, self._kept = self._kept, checked
                    message = AnswerGiven(self.site, self.question.key, checked, before=before, cut_off=cut_off)
                    self.screen.post_message(message)
        self.refresh_note()

    def _take_suggestion(self) -> None:
        """Accept the suggestion when Enter is pressed in an empty field that is required."""
        editor, question = self._editor, self.question
        if not question.required or question.default is None:
            return
        if isinstance(editor, LineEditor) and not editor.value:
            editor.value = str(question.default)
        elif isinstance(editor, (Choice, ChoiceList)) and not editor.value:
            editor.take_default()

    def _commit_secret(self) -> None:
        editor = self._editor
        if isinstance(editor, LineEditor) and editor.value:
            text, editor.value, editor.placeholder = editor.value, "", "saved"
            self.screen.post_message(SecretGiven(self.site, self.question.key, text))

    def _commit_table_secrets(self) -> None:
        for row in self._editor.rows() if isinstance(self._editor, TableEditor) else ():
            if row.secret_typed:
                key = f"{self.question.key}.{row.title}"
                self.screen.post_message(SecretGiven(self.site, key, row.take_secret()))

    def refresh_note(self) -> None:
        """Show a problem, a result or the help under the field.

        The help is not repeated if the page shows it beside the fields.
        """
        problem = self.problem()
        focused = self.has_focus_within
        note: Text | None = None
        if problem and (self._left or focused) and self._has_content():
            note = Text().append(problem, "bold red" if self._left and not focused else "yellow")
        elif self._report:
            note = Text(*self._report)
        elif focused and not (self.is_attached and self.screen.has_class(HELP_BESIDE)):
            note = Text(self.help_sentences, "dim")
        if note is not None:
            self._note.update(note)
        self._note.display = note is not None or bool(problem and self._left)

    @property
    def help_text(self) -> str:
        """Return the label and the help of the question."""
        return f"{self.question.prompt}\n{self.help_sentences}"

    @property
    def help_sentences(self) -> str:
        """Return the help of the question.

        The reason of a suggestion comes first, if the line has no room for it.
        """
        reason = next((editor.hidden_reason for editor in self.query(LineEditor) if not editor.value), "")
        return reason + self.question.help

    def _has_content(self) -> bool:
        return any(editor.value for editor in self.query(LineEditor))

    def on_input_changed(self, event: Input.Changed) -> None:
        self._report = None
        self._left = False
        self.refresh_note()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        if self.question.kind in ("choice", "yesno"):
            self.commit()

    def accept(self) -> None:
        """Take the answer, and move on if it is valid."""
        self._take_suggestion()
        self.commit()
        if not self.problem():
            self.post_message(FieldLeft())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.accept()

    def on_choice_accepted(self, event: Choice.Accepted) -> None:
        self.accept()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self._left = False
        self.refresh_note()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self.commit(cut_off=not self.app.app_focus)  # the terminal lost the focus while the user was typing


def describe_default(value: object) -> str:
    """Return a default as a short text."""
    if value is None or value in ([], {}, ""):
        return ""
    if isinstance(value, bool):
        return _yes_no(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_setting(setting)}" for name, setting in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(member) for member in value)
    return str(value)


def _setting(value: object) -> object:
    """Return a value of a table, or a description of a secret that is generated."""
    return (
        f"generated, {value['generate']} random characters"
        if isinstance(value, Mapping) and "generate" in value
        else value
    )


def _yes_no(value: object) -> str:
    return "" if value is None else "yes" if value else "no"
