"""Ask for the environment variables that the code reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from piwizard.screens.setup.env_paste import EnvPaste
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.setup.variable_field import TABLE, NewVariable, VariableField, variables_in
from piwizard.screens.widgets.fold import Fold
from piwizard.setup.form_page import FormPage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from piwizard.screens.setup.site_setup import PageContent, SiteSetup

INTRODUCTION = (
    "Your code reads these environment variables. Only root and your app can see\n"
    "the values; they never appear in logs."
)


class SettingsPage(SetupPage):
    """The variables of the app, those that it needs first."""

    TITLE = "Set up a site"
    STAGE = 0
    PAGE = FormPage.SETTINGS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+t", "show_values", "show or hide values")]

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup, key)
        self.variables = Vertical(id="variables")
        self._shown = False

    def body(self) -> Iterable[Widget]:
        yield Static(Text("Settings your app reads", "bold"), classes="heading", markup=False)
        yield Static(INTRODUCTION, id="introduction", markup=False)
        yield self.reading
        yield self.variables

    async def show(self, content: PageContent) -> None:
        question = content.questions[TABLE]
        answers = variables_in(content)
        shown = {field.setting.name: field for field in self.query(VariableField)}
        first = not self.variables.children
        # Fields that are shown already keep what is being typed.
        for setting in content.settings:
            if setting.name not in shown:
                field = VariableField(self.setup.site, question, setting, answers.get(setting.name))
                before = self.query("#variables > Fold").first() if self.query("#variables > Fold") else None
                await self.variables.mount(field, before=before)
        if first:
            site = self.setup.site
            await self.variables.mount(
                Fold("Add another setting", "", lambda: [NewVariable(site, question)], name="new"),
                Fold("Paste the contents of a .env file", "", lambda: [EnvPaste(site, question)], name="paste"),
            )
            self._focus_first()

    def _focus_first(self) -> None:
        """Put the cursor into the first field that needs a value; what is suggested counts as answered."""
        fields = self.query(VariableField)
        if first := next((one for one in fields if one.setting.required and not one.setting.has_value), None):
            first.editor.focus()
        else:
            self.focus_main()

    async def reveal(self, key: str) -> None:
        for field in self.query(VariableField):
            if f"{TABLE}.{field.setting.name}" == key:
                field.editor.focus()

    def action_show_values(self) -> None:
        """Show or hide the values that were typed."""
        self._shown = not self._shown
        for field in self.query(VariableField):
            field.show_value(self._shown)

    def next_page(self) -> FormPage:
        return FormPage.ADDRESS
