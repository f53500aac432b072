"""Show the questions of a step, one below the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Vertical

from piwizard.screens.widgets.editors import Choice, LineEditor
from piwizard.screens.widgets.fields import Field
from piwizard.setup.service import Asked

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


class SetupForm(Vertical):
    """Fields made from a step's questions alone."""

    def __init__(self) -> None:
        super().__init__(id="form")
        self._instance: StepInstance | None = None

    async def show(self, instance: StepInstance, asked: Asked) -> None:
        """Show the questions of a step.

        Fields that are shown already keep what is being typed.
        """
        questions, answers = asked.questions, asked.answers
        if not self.is_of(instance):
            await self.clear()
            await self.mount_all(Field(instance.site, question, answers.get(question.key)) for question in questions)
            self._instance = instance
            return
        self._instance = instance
        keys = {question.key for question in questions}
        for field in self.query(Field):
            if field.question.key not in keys and not field.has_focus_within:
                await field.remove()
        for number, question in enumerate(questions):
            if self.has(question.key):
                field = self.field(question.key)
                field.site = instance.site
                field.update_question(question, answers.get(question.key))
            else:
                field = Field(instance.site, question, answers.get(question.key))
                await self.mount(field, before=number if number < len(self.children) else None)

    def is_of(self, instance: StepInstance) -> bool:
        """Return whether this step's questions are shown, even if its site is just named."""
        return (
            self._instance is not None
            and self._instance.step == instance.step
            and self._instance.site in (None, instance.site)
        )

    def rename_site(self, before: str | None, name: object) -> None:
        """Use another name for the site of the questions."""
        if self._instance is not None and self._instance.site == before and isinstance(name, str):
            self._instance = replace(self._instance, site=name)
            for field in self.query(Field):
                field.site = name

    async def clear(self) -> None:
        """Remove all questions."""
        self._instance = None
        await self.remove_children()

    def field(self, key: str) -> Field:
        """Return the field of a question."""
        return self.query_one(f"#field-{key.replace('.', '-')}", Field)

    def has(self, key: str) -> bool:
        """Return whether there is such a question."""
        return bool(self.query(f"#field-{key.replace('.', '-')}"))

    def commit(self, *, cut_off: bool = False) -> None:
        """Report what is being typed if it is valid; `cut_off` as in `Field.commit`."""
        for field in self.query(Field):
            field.commit(cut_off=cut_off)

    def focus_on(self, key: str = "") -> bool:
        """Put the cursor into a question's field or the first one; return if it exists."""
        fields = list(self.query(Field))
        if not fields:
            return False
        wanted = next((field for field in fields if field.question.key == key), fields[0])
        for editor in wanted.query("LineEditor, Choice"):
            if isinstance(editor, (LineEditor, Choice)) and not editor.disabled:
                editor.focus()
                return True
        return False
