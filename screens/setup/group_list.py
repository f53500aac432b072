"""Show groups of questions: open ones as fields, the others in folds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.containers import Vertical

from piwizard.screens.setup.names_field import NamesField
from piwizard.screens.setup.page_field import PageField
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.editors import LineEditor
from piwizard.screens.widgets.fold import Fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from piwizard.answers.questions import Question
    from piwizard.setup.form_page import QuestionGroup


class GroupList(Vertical):
    """The questions of a page.

    Fields in folds are made when the fold is first opened.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.site: str | None = None
        self._groups: tuple[QuestionGroup, ...] = ()
        self._answers: Mapping[str, Any] = {}

    async def show(self, site: str | None, groups: Sequence[QuestionGroup], answers: Mapping[str, Any]) -> None:
        """Show these groups; fields that are shown already keep what is being typed."""
        before = _layout(self._groups)
        self.site, self._groups, self._answers = site, tuple(groups), answers
        if before == _layout(self._groups):
            for group in self._groups:
                self._update(group)
            return
        opened = {fold.name for fold in self.query(Fold) if fold.title.open}
        focused = self.focused_key()
        with self.app.batch_update():
            await self.remove_children()
            for group in self._groups:
                if group.open:
                    await self.mount_all(self._fields(group.questions))
                else:
                    fold = Fold(group.title, group.summary, partial(self._folded, group.title), name=group.title)
                    await self.mount(fold)
                    if group.title in opened:
                        await fold.open()
        if focused:
            self.focus_on(focused)

    def focused_key(self) -> str:
        """Return the key of the question with the cursor; "" if it is elsewhere."""
        return next((field.question.key for field in self.query(PageField) if field.has_focus_within), "")

    def _update(self, group: QuestionGroup) -> None:
        for fold in self.query(Fold):
            if fold.name == group.title:
                fold.title.summary = group.summary
                fold.title.refresh()
        for question in group.questions:
            if field := self.field(question.key):
                field.site = self.site
                field.update_question(question, self._answers.get(question.key))
                if isinstance(field, NamesField):
                    field.show_names(self._answers.get(question.key) or [])

    def _folded(self, title: str) -> Iterable[PageField]:
        group = next(one for one in self._groups if one.title == title)
        return self._fields(group.questions)

    def _fields(self, questions: Iterable[Question]) -> list[PageField]:
        kinds = {"site.domains": NamesField}
        return [
            kinds.get(question.key, PageField)(self.site, question, self._answers.get(question.key))
            for question in questions
        ]

    def field(self, key: str) -> PageField | None:
        """Return the field of a question, if it is shown."""
        return next((field for field in self.query(PageField) if field.question.key == key), None)

    async def reveal(self, key: str) -> None:
        """Open the fold with a question, and put the cursor into its field."""
        group = next((one for one in self._groups if key in {question.key for question in one.questions}), None)
        for fold in self.query(Fold):
            if group is not None and fold.name == group.title:
                await fold.open()
        self.focus_on(key)

    def focus_on(self, key: str) -> bool:
        """Put the cursor into a question's field; return whether it is shown."""
        field = self.field(key)
        for editor in field.query("LineEditor, ChoiceList") if field else ():
            if isinstance(editor, (LineEditor, ChoiceList)) and not editor.disabled:
                editor.focus()
                return True
        return False


def _layout(groups: Sequence[QuestionGroup]) -> list[tuple[str, bool, list[str]]]:
    return [(group.title, group.open, [question.key for question in group.questions]) for group in groups]
