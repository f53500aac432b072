"""Show all settings of a site on one page, to change some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.setup.address_page import AddressPage
from piwizard.screens.setup.env_paste import EnvPaste
from piwizard.screens.setup.group_list import GroupList
from piwizard.screens.setup.variable_field import TABLE, NewVariable, VariableField, variables_in
from piwizard.screens.widgets.fold import Fold
from piwizard.setup.form_page import FormPage, page_of
from piwizard.system.plural import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.setup.site_setup import PageContent, SiteSetup

SAVED = "Saved. Choose “Review changes” to install it."
NARROW_COLUMNS = 70


class SiteSettingsPage(AddressPage):
    """The settings of a site: what people change most often, and folds with the rest."""

    STAGE = None
    PAGE = FormPage.ALL
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+t", "show_values", "show or hide values", show=False)]

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup, key)
        self.app_heading = Static(Text("App", "bold"), markup=False)
        self.code = GroupList(id="code")
        self.variables = Fold("Environment", "", self._variables, name="env")
        self.variables.display = False  # its fields follow from what is read
        self.app_folds = GroupList(id="app-folds")
        self._shown = False
        self._opened = False
        """Whether the page has been shown."""

    def body(self) -> Iterable[Widget]:
        yield self.reading
        yield self.app_heading
        yield self.code
        yield self.variables
        yield self.app_folds
        yield self.heading
        yield self.audience
        yield self.essentials
        yield self.folds

    def buttons(self) -> Sequence[tuple[str, str]]:
        narrow = self.app.size.width < NARROW_COLUMNS
        return (
            ("back", "Back"),
            ("undo", "Undo…" if narrow else "Undo a step…"),
            ("remove", "Remove…" if narrow else "Remove this site…"),
            ("continue", "Review" if narrow else "Review changes"),
        )

    @property
    def page_title(self) -> str:
        return f"{self.setup.site} · Settings"

    async def show(self, content: PageContent) -> None:
        first, self._opened = not self._opened, True
        address = [one for one in content.groups if page_of(one.questions[0].key) is FormPage.ADDRESS]
        mine = [one for one in content.groups if one not in address and one.questions[0].key != TABLE]
        await self.code.show(content.site, [one for one in mine if one.open], content.answers)
        await self.app_folds.show(content.site, [one for one in mine if not one.open], content.answers)
        count = len(variables_in(content))
        self.variables.title.summary = count_of(count, "setting") if count else "none"
        self.variables.title.refresh()
        self.variables.display = True
        await self.show_address(content, address)
        self.heading.update(Text("\nAddress", "bold"))
        if first and not self._wanted:
            self.code.focus_on("app.repo")

    def _variables(self) -> Iterable[Widget]:
        """Return the fields of the environment: those that the code reads, and one for another."""
        content = self.content
        if content is None:
            return []
        question, answers, site = content.questions[TABLE], variables_in(content), self.setup.site
        fields = [VariableField(site, question, one, answers.get(one.name)) for one in content.settings]
        return [
            *fields,
            Fold("Add another setting", "", lambda: [NewVariable(site, question)], name="new"),
            Fold("Paste the contents of a .env file", "", lambda: [EnvPaste(site, question)], name="paste"),
        ]

    async def reveal(self, key: str) -> None:
        if key.startswith(f"{TABLE}."):
            await self.variables.open()
            for field in self.query(VariableField):
                if f"{TABLE}.{field.setting.name}" == key:
                    field.editor.focus()
        elif page_of(key) is FormPage.ADDRESS:
            await super().reveal(key)
        elif not self.code.focus_on(key):
            await self.app_folds.reveal(key)

    def answer_saved(self, key: str) -> None:
        self.notify_line(SAVED, "green")
        super().answer_saved(key)

    def action_show_values(self) -> None:
        """Show or hide the values that were typed."""
        self._shown = not self._shown
        for field in self.query(VariableField):
            field.show_value(self._shown)

    async def action_undo(self) -> None:
        """Open the steps that can be undone."""
        await self.navigator.open_undo(str(self.setup.site))

    async def action_remove(self) -> None:
        """Ask what happens to the data, then remove the site."""
        await self.navigator.open_removal(str(self.setup.site))
