"""Ask for the repository, and show what was found in its code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from piwizard.errors import PiwizardError, RepositoryLoginRequired
from piwizard.screens.messages import AnswerGiven
from piwizard.screens.setup.group_list import GroupList
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.widgets.fitted_text import FittedText, hanging
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.form_page import FormPage
from piwizard.setup.free_site_name import name_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.setup.site_setup import PageContent, SiteSetup
    from piwizard.setup.app_findings import AppFinding

REPOSITORY = "app.repo"
LABEL_COLUMNS, VALUE_COLUMNS, MIN_NOTE_COLUMNS = 18, 20, 20
SIGNS = {"ok": ("✓", "green"), "needed": ("!", "yellow"), "warning": ("!", "yellow")}
SETTING, SETTING_NOTE = "app.env.", "you’ll enter it on the next page"
HINT = "\npiwizard reads the code and finds out what your app needs. Nothing is run."


class YourAppPage(SetupPage):
    """The first page of a setup: one field, then everything that follows from it."""

    TITLE = "Set up a site"
    STAGE = 0
    PAGE = FormPage.APP

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup, key)
        self.essentials = GroupList(id="essentials")
        self.findings = FittedText(id="findings")
        self.folds = GroupList(id="folds")
        self._private = False
        self._new: tuple[str, str] | None = None
        """Repository and name of the site that is being added."""

    def body(self) -> Iterable[Widget]:
        yield Static(Text("Where is your code?", "bold"), classes="heading", markup=False)
        yield self.essentials
        yield self.reading
        yield self.findings
        yield self.folds

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self._private:
            return (("back", "Back"), ("give_access", "Give access"))
        return (("back", "Back"), ("continue", "Continue"))

    async def show(self, content: PageContent) -> None:
        first = not self.essentials.children
        await self.essentials.show(content.site, [one for one in content.groups if one.open], content.answers)
        known = REPOSITORY in content.answers
        await self.folds.show(content.site, [one for one in content.groups if not one.open and known], content.answers)
        self._show_trouble(content)
        await self._show_private(isinstance(content.trouble, RepositoryLoginRequired))
        if first:
            if known and not content.trouble:
                self.focus_main()
            else:
                self.essentials.focus_on(REPOSITORY)

    def _show_trouble(self, content: PageContent) -> None:
        self.findings.display = True
        if isinstance(content.trouble, PiwizardError):
            key = content.trouble.key or ""
            if self.has(key):
                self.field(key).report(_sentence(content.trouble), "yellow")
                self.findings.display = False
            else:
                trouble = _sentence(content.trouble)
                self.findings.show(lambda width: Text(f"! {hanging(trouble, width, 2)}", "yellow"))
        elif content.findings:
            self.findings.show(partial(found_text, content.findings))
        elif REPOSITORY not in content.answers:
            self.findings.show(lambda _: Text(HINT, "dim"))

    async def _show_private(self, private: bool) -> None:
        if private != self._private:
            focused = self.focused is not None and self.focused.parent is self.actions
            self._private = private
            await self.show_buttons(self.buttons())
            if focused:
                self.focus_main()

    async def reveal(self, key: str) -> None:
        if not self.essentials.focus_on(key):
            await self.folds.reveal(key)

    def take_answer(self, event: AnswerGiven) -> None:
        """Save an answer; the first repository also names the site."""
        if event.key == REPOSITORY and isinstance(event.value, str):
            self._repository_given(event)
        else:
            super().take_answer(event)

    def _repository_given(self, event: AnswerGiven) -> None:
        repo = str(event.value)
        if self.setup.site is None:
            try:
                taken = self.service.answering.sites()
                name = name_for(repo, taken)
            except PiwizardError as error:
                self.notify_line(sentence_of(error))
                return
            self.setup.site = name
            self.answers.give(AnswerGiven(name, "site.name", name))
            self.rename_site(name, name)
        self.answers.give(AnswerGiven(self.setup.site, REPOSITORY, repo, before=event.before, cut_off=event.cut_off))
        self.service.look_for_new_code()
        self.findings.display = False
        self.reading.begin(self.WAITS_FOR)

    def action_give_access(self) -> None:
        """Open the page that makes a deploy key."""
        self.start(self._give_access, "access")  # a worker: saving waits for the messages of this page

    async def _give_access(self) -> None:
        await self.flush_answers()
        await self.open_page(FormPage.KEY)

    def may_continue(self) -> bool:
        if self.setup.site is None and self.has(REPOSITORY):
            self.essentials.focus_on(REPOSITORY)
            self.field(REPOSITORY).report("Enter the address of the repository.", "yellow")
        return self.setup.site is not None and super().may_continue()

    def next_page(self) -> FormPage:
        content = self.content
        asks = content is not None and any(one.required and not one.has_value for one in content.settings)
        return FormPage.SETTINGS if asks else FormPage.ADDRESS


def found_text(findings: Sequence[AppFinding], width: int) -> Text:
    """Return what was found in the code: sign, label, value, and where it was found."""
    title, note = "Found in your code", "read only, nothing was run"
    text = Text("\n").append(title, "bold")
    if width >= len(title) + len(note) + 4:
        text.append(" " * (width - len(title) - len(note))).append(note, "dim")
    for one in findings:
        sign, style = SIGNS[one.status]
        text.append("\n").append(sign, style).append(f" {one.label:<{LABEL_COLUMNS - 2}}")
        text.append(f"{one.value:<{VALUE_COLUMNS}}" if one.note else one.value)
        if one.note:
            note = SETTING_NOTE if one.key.startswith(SETTING) else one.note
            indent = LABEL_COLUMNS + max(VALUE_COLUMNS, len(one.value)) + 1
            if indent + MIN_NOTE_COLUMNS > width:
                text.append("\n" + " " * LABEL_COLUMNS)
                indent = LABEL_COLUMNS
            else:
                text.append(" ")
            text.append(hanging(note, width, indent), "dim")
    return text


def _sentence(error: PiwizardError) -> str:
    """Return an error without the key of the answer, which the field names."""
    if isinstance(error, RepositoryLoginRequired):
        return f"{error.reason[:1].upper()}{error.reason[1:]} If the repository is private, choose “Give access”."
    return sentence_of(error)
