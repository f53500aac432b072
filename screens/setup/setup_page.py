"""Define what all pages of a setup share: saving, moving on, going back."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widget import Widget

from piwizard.screens.controllers.answers_controller import AnswersController
from piwizard.screens.messages import AnswerGiven, FieldLeft, MemberGiven, SecretGiven
from piwizard.screens.page import Page
from piwizard.screens.setup.env_paste import EnvPaste
from piwizard.screens.setup.page_field import PageField
from piwizard.screens.setup.variable_field import TABLE, NewVariable, VariableField
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.editors import Choice, LineEditor
from piwizard.screens.widgets.elapsed import Elapsed
from piwizard.screens.widgets.fold import Fold, FoldTitle
from piwizard.screens.widgets.help_column import COLUMNS_FOR_HELP, HELP_BESIDE, HelpColumn
from piwizard.setup.form_page import FormPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from piwizard.screens.setup.site_setup import PageContent, SiteSetup


class SetupPage(Page):
    """One page of a setup.

    Answers are saved as they are given. Esc goes one page back, and every page stays as it was left. Letters that are
    typed before a field has the cursor do nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "review", "review"),
        Binding("q", "ignore_letter", show=False),
    ]
    AUTO_FOCUS = ""
    PAGE: ClassVar[FormPage]
    WAITS_FOR = "Reading the repository"
    """What takes time before the page is shown."""

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup.service, kind=f"setup-{self.PAGE.value}")
        self.add_class("setup")
        self.setup = setup
        self.content: PageContent | None = None
        self.answers = AnswersController(setup.service, self, self, saved=self.answer_saved)
        self.reading = Elapsed()
        self.help_column = HelpColumn()
        self._wanted = key
        """The key of the question to show first."""
        self._read = asyncio.Event()
        """Set while what is shown follows from all saved answers."""
        self._continuing = False

    def on_mount(self) -> None:
        self.rail.show(self.page_title, "")
        self.answers.start()
        self.watch(self, "focused", self._focus_moved, init=False)
        self.load()

    def _focus_moved(self) -> None:
        if self.help_column.is_attached:
            self.help_column.refresh_help()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= COLUMNS_FOR_HELP and self.help_column.is_attached, HELP_BESIDE)
        for field in self.query(PageField):
            field.refresh_note()

    def on_screen_resume(self) -> None:
        self.resume()  # Textual calls the handler of each class: a subclass cannot replace this one

    def resume(self) -> None:
        """Show what other pages have changed."""
        if self.content is not None and not self.answers.pending:
            self.load()

    def beside(self) -> Iterable[Widget]:
        return (self.help_column,)

    def buttons(self) -> Sequence[tuple[str, str]]:
        return (("back", "Back"), ("continue", "Continue"))

    @property
    def page_title(self) -> str:
        """Return the title in the first line."""
        return self.setup.title

    # Content.

    def load(self) -> None:
        """Read what the page shows, and show it."""
        self._read.clear()
        if self.content is None:
            self.reading.begin(self.WAITS_FOR)
        self.run_in_background(
            partial(self.setup.read, self.PAGE), self._loaded, group="content", refused=self._not_loaded
        )

    def _not_loaded(self, sentence: str) -> None:
        self.reading.end()
        self._read.set()
        self.notify_line(sentence)

    def _loaded(self, content: PageContent) -> None:
        if self.answers.pending:
            self._read.set()
            return  # it is read again when they are saved
        self.content = content
        self.show_machine(content.facts, self.page_title)
        self.start(partial(self._show, content), "show")

    async def _show(self, content: PageContent) -> None:
        self.reading.end()
        await self.show(content)
        self._read.set()
        if self._wanted:
            wanted, self._wanted = self._wanted, ""
            await self.reveal(wanted)

    async def show(self, content: PageContent) -> None:
        """Show what was read."""

    async def reveal(self, key: str) -> None:
        """Put the cursor into the field of a question."""

    # Answers: the page is the form of its controller.

    def has(self, key: str) -> bool:
        """Return whether a question is on the page."""
        return any(field.question.key == key for field in self.query(PageField))

    def field(self, key: str) -> PageField:
        """Return the field of a question."""
        return next(field for field in self.query(PageField) if field.question.key == key)

    def rename_site(self, before: str | None, name: object) -> None:
        """Use another name for the site of the questions."""
        if self.setup.site == before and isinstance(name, str):
            self.setup.site = name
            self.rail.show(self.page_title, self.rail.machine)
        for field in self.query(PageField):
            field.site = self.setup.site

    def commit(self, *, cut_off: bool = False) -> None:
        """Report what is being typed if it is valid; `cut_off` as in `Field.commit`."""
        fields = (*self.query(PageField), *self.query(VariableField), *self.query(NewVariable), *self.query(EnvPaste))
        for field in fields:
            field.commit(cut_off=cut_off)

    def answer_saved(self, key: str) -> None:
        """React to a saved answer: show what follows from it."""
        if not self.answers.pending:
            self.load()

    async def flush_answers(self, *, cut_off: bool = False) -> None:
        """Save what is being typed, and wait until every answer is on disk."""
        await self.answers.flush(cut_off=cut_off)

    def on_answer_given(self, event: AnswerGiven) -> None:
        event.stop()
        self.take_answer(event)  # Textual calls the handler of each class: a subclass cannot replace this one

    def take_answer(self, event: AnswerGiven) -> None:
        """Save an answer that was given in a field."""
        self.answers.give(event)

    def on_secret_given(self, event: SecretGiven) -> None:
        event.stop()
        self.answers.give(event)

    def on_member_given(self, event: MemberGiven) -> None:
        event.stop()
        self.answers.give(event)

    def problem(self) -> bool:
        """Return whether a field has an invalid value, after putting the cursor into it."""
        for field in self.query(PageField):
            if field.problem() or field.question.key in self.answers.refused:
                for editor in field.query("LineEditor, ChoiceList"):
                    editor.focus()
                    return True
        for variable in self.query(VariableField):
            if variable.problem() or f"{TABLE}.{variable.setting.name}" in self.answers.refused:
                variable.editor.focus()
                return True
        for new in self.query(NewVariable):
            if new.problem():
                new.named.focus()
                return True
        for paste in self.query(EnvPaste):
            if paste.problem():
                paste.editor.focus()
                return True
        return False

    # Moving on.

    def on_field_left(self, event: FieldLeft) -> None:
        event.stop()
        self.leave_field()

    def leave_field(self) -> None:
        """Move on to the next field, from the last one to the main button."""
        self.focus_after(self.focused)

    def focus_after(self, widget: Widget | None) -> None:
        """Put the cursor into the field after a widget, or else on the main button."""
        chain = list(self.focus_chain)
        after = chain[chain.index(widget) + 1 :] if widget in chain else []
        in_fold = widget is not None and any(isinstance(one, Fold) for one in widget.ancestors)
        following = next(iter(after), None)
        if isinstance(following, (LineEditor, ChoiceList, Choice)) or (in_fold and isinstance(following, FoldTitle)):
            following.focus()
        else:
            self.focus_main()

    def focus_main(self) -> None:
        """Put the cursor on the main button."""
        buttons = list(self.actions.query(ActionButton))
        if buttons:
            buttons[-1].focus()

    def action_back(self) -> None:
        """Save what is being typed, and return to the page before."""
        self.start(self._go_back, "back")

    async def _go_back(self) -> None:
        await self.flush_answers()
        super().action_back()

    def action_continue(self) -> None:
        """Save the answers, and open the next page if they are valid."""
        if not self._continuing:  # else Enter was pressed twice
            self._continuing = True
            self.start(self._continue, "continue")

    async def _continue(self) -> None:
        try:
            await self.flush_answers()
            if self.content is not None and not self._read.is_set():
                self.reading.begin(self.WAITS_FOR)
            await self._read.wait()
            self.reading.end()
            if self.may_continue():
                await self.open_page(self.next_page())
        finally:
            self._continuing = False

    def may_continue(self) -> bool:
        """Return whether the page is complete, after saying what it lacks."""
        return not self.problem()

    def action_ignore_letter(self) -> None:
        """Do nothing: the letter was meant for a field that is not shown yet."""

    def next_page(self) -> FormPage:
        """Return the page after this one."""
        raise NotImplementedError

    async def action_review(self) -> None:
        """Open the review, which names what is missing."""
        await self.flush_answers()
        if self.setup.site is None:
            self.notify_line("Enter the address of the repository first.")
        else:
            await self.open_page(FormPage.REVIEW)

    async def open_page(self, page: FormPage, key: str = "") -> None:
        """Open a page of this setup, or return to it if it is open already."""
        await self.navigator.open_setup_page(self.setup, page, key)
