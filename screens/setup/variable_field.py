"""Ask for the value of one environment variable, which stays hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.widgets import Input, Static

from piwizard.answers.validators import Invalid, secret_text
from piwizard.apps.env_vars import SECRET_NAME, VARIABLE_NAME
from piwizard.screens.messages import FieldLeft, MemberGiven, SecretGiven
from piwizard.screens.widgets.editors import LineEditor

if TYPE_CHECKING:
    from piwizard.answers.questions import Question
    from piwizard.screens.setup.site_setup import PageContent
    from piwizard.setup.app_findings import AppSetting

GENERATED_LENGTH = 32
"""Characters of a generated secret."""
TABLE = "app.env"


class VariableField(Vertical):
    """A variable of the app: its name, its value, and whether the app needs it.

    What is typed is saved when the cursor leaves the field. A secret goes to the secret store and nowhere else.
    """

    def __init__(self, site: str | None, question: Question, setting: AppSetting, answer: object) -> None:
        super().__init__(classes="variable")
        self.site, self.question, self.setting = site, question, setting
        self._answer = answer
        plain = answer if isinstance(answer, str) else ""
        self.editor = LineEditor(plain, self._placeholder(), password=bool(plain) or setting.secret)
        self._title = Static(Text(setting.name, "bold" if setting.required else ""), classes="label", markup=False)
        self._remark = Static(Text(self._need(), "dim"), classes="remark", markup=False)
        self._note = Static(classes="note", markup=False)

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield self._title
            yield self.editor
            yield self._remark
        yield self._note

    def on_mount(self) -> None:
        self._show_note()

    def _need(self) -> str:
        if self._answer:
            return "saved"
        if self.setting.source == "generated":
            return "generated"
        return "required" if self.setting.required else "optional"

    def _placeholder(self) -> str:
        if isinstance(self._answer, dict) and "asked" in self._answer:
            return "•" * 24
        if self.setting.source == "generated" or (isinstance(self._answer, dict) and "generate" in self._answer):
            return f"Generated: {GENERATED_LENGTH} random characters"
        if self.setting.default:
            return f"not set; the code uses {self.setting.default}"
        return "not set" if not self.setting.required else ""

    def show_value(self, shown: bool) -> None:
        """Show or hide what was typed."""
        self.editor.password = not shown and (self.setting.secret or bool(self.editor.value))

    def problem(self) -> str:
        """Return a sentence about what is wrong in the editor; "" if it is valid."""
        typed = self.editor.value
        if not typed:
            return ""
        try:
            if self.setting.secret:
                secret_text(typed)
            else:
                self.question.validate({self.setting.name: typed})
        except Invalid as refusal:
            return f"{self.setting.name} {refusal}."
        return ""

    def commit(self, *, cut_off: bool = False) -> None:
        """Report the value if it is new and valid.

        `cut_off`: the connection was lost while it was typed, so a secret may be incomplete.
        """
        typed = self.editor.value
        if not self.problem() and typed != (self._answer if isinstance(self._answer, str) else ""):
            if self.setting.secret and typed:
                if cut_off:
                    return
                self.editor.value = ""
                self._answer = {"asked": True}
                self.editor.placeholder = self._placeholder()
                self.screen.post_message(SecretGiven(self.site, f"{TABLE}.{self.setting.name}", typed))
            elif not self.setting.secret:
                self._answer = typed or None
                self.screen.post_message(MemberGiven(self.site, TABLE, self.setting.name, self._answer))
        self._remark.update(Text(self._need(), "dim"))
        self._show_note()

    def report(self, text: str, style: str) -> None:
        """Show why the value was refused."""
        self._note.update(Text().append(text, style))

    def _show_note(self) -> None:
        if problem := self.problem():
            self._note.update(Text().append(problem, "yellow"))
        else:
            generated = self.setting.source == "generated" and not self._answer
            advice = " Keep the generated value, or type your own." if generated else ""
            self._note.update(Text(f"{self.setting.note}{advice}", "dim"))

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show_note()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.commit()
        if not self.problem():
            self.post_message(FieldLeft())

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self._show_note()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self.commit(cut_off=not self.app.app_focus)

    @property
    def help_text(self) -> str:
        """Return the name of the variable, and where the code reads it."""
        return f"{self.setting.name}\n{self.setting.note} Only root and your app can see the value."


class NewVariable(Vertical):
    """Ask for one more variable: its name, then its value."""

    def __init__(self, site: str | None, question: Question) -> None:
        super().__init__(classes="variable")
        self.site, self.question = site, question
        self.named, self.value = LineEditor("", "NAME"), LineEditor("", "value", password=True)
        self._note = Static(classes="note", markup=False)

    def compose(self) -> ComposeResult:
        for label, editor in (("Name", self.named), ("Value", self.value)):
            with Horizontal(classes="line"):
                yield Static(label, classes="label", markup=False)
                yield editor
        yield self._note

    def problem(self) -> str:
        """Return a sentence about what is wrong; "" if it is valid."""
        name = self.named.value.strip()
        if not name:
            return "Enter a name first." if self.value.value else ""
        if not VARIABLE_NAME.fullmatch(name):
            return f"“{name}” is not a valid name. Use letters, digits and underscores, such as API_KEY."
        return _refused(self.question, name, self.value.value)

    def commit(self, *, cut_off: bool = False) -> None:
        """Report the variable if it is complete and valid."""
        name, value = self.named.value.strip(), self.value.value
        if name and value and not self.problem() and not (cut_off and SECRET_NAME.search(name)):
            self.named.value = self.value.value = ""
            for message in given_variables(self.site, {name: value}):
                self.screen.post_message(message)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._note.update(Text().append(self.problem(), "yellow"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self.named and not self.problem():
            self.value.focus()
        elif not self.problem():
            self.commit()
            self.named.focus() if self.named.value else self.post_message(FieldLeft())


def _refused(question: Question, name: str, value: str) -> str:
    try:
        if SECRET_NAME.search(name):
            secret_text(value or "x")
        else:
            question.validate({name: value})
    except Invalid as refusal:
        return f"{name} {refusal}."
    return ""


def given_variables(site: str | None, values: dict[str, str]) -> list[SecretGiven | MemberGiven]:
    """Return messages that save variables, those such as API_KEY as secrets."""
    return [
        SecretGiven(site, f"{TABLE}.{name}", value)
        if SECRET_NAME.search(name) and value
        else MemberGiven(site, TABLE, name, value)
        for name, value in values.items()
    ]


def variables_in(content: PageContent) -> dict[str, object]:
    """Return the answers about variables by their names."""
    return dict(content.answers.get(TABLE) or {})
