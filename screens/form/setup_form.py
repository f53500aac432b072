"""The questions of a step, one below the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Vertical

from piwizard.screens.form.editors import Choice, LineEditor
from piwizard.screens.form.fields import Field
from piwizard.setup.service import Asked

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


class SetupForm(Vertical):
    """Fields made from a step's questions alone."""

    def __init__(self) -> None:
        super().__init__(id="form")
        self._place: StepInstance | None = None
        self._keys: list[str] = []

    async def show(self, place: StepInstance, asked: Asked) -> None:
        """Show the questions of a step; fields that are there already stay, with what is being typed."""
        keys = [question.key for question in asked.questions]
        same = self.is_of(place) and self._keys == keys
        if same:
            self._place = place
            for question in asked.questions:
                field = self.field(question.key)
                field.site = place.site
                field.update_question(question, asked.answers.get(question.key))
            return
        await self.clear()
        await self.mount_all(
            Field(place.site, question, asked.answers.get(question.key)) for question in asked.questions
        )
        self._place, self._keys = place, keys

    def is_of(self, place: StepInstance) -> bool:
        """Return whether it shows the questions of this step, also if its site has just been named."""
        return self._place is not None and self._place.step == place.step and self._place.site in (None, place.site)

    def rename_site(self, before: str | None, name: object) -> None:
        """Take over another name for the site of the questions."""
        if self._place is not None and self._place.site == before and isinstance(name, str):
            self._place = replace(self._place, site=name)
            for field in self.query(Field):
                field.site = name

    async def clear(self) -> None:
        """Remove all questions."""
        self._place = None
        await self.remove_children()

    def field(self, key: str) -> Field:
        """Return the field of a question."""
        return self.query_one(f"#field-{key.replace('.', '-')}", Field)

    def has(self, key: str) -> bool:
        """Return whether there is such a question."""
        return bool(self.query(f"#field-{key.replace('.', '-')}"))

    def commit(self, *, cut_off: bool = False) -> None:
        """Report what is being typed if it is valid; `cut_off` as for a field."""
        for field in self.query(Field):
            field.commit(cut_off=cut_off)

    def focus_on(self, key: str = "") -> bool:
        """Put the cursor into the field of a question, or into the first field. Return whether there is one."""
        fields = list(self.query(Field))
        if not fields:
            return False
        wanted = next((field for field in fields if field.question.key == key), fields[0])
        for editor in wanted.query("LineEditor, Choice"):
            if isinstance(editor, (LineEditor, Choice)) and not editor.disabled:
                editor.focus()
                return True
        return False
