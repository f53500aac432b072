"""Say what undoing everything means, and start it after a confirmation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread
from piwizard.screens.page import Page
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.setup.answer_labels import sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.full_undo import FullUndo

KEEP, DELETE = "keep", "delete"


class ConfirmFullUndoPage(Page):
    """The undo of every step of every site.

    The data of each app and the packages stay unless the user chooses otherwise.
    """

    TITLE = "Undo everything"

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="confirm-undo")
        self.text = PendingText("Reading what was changed…")
        self.choices = Vertical(id="undo-choices")
        self.data: dict[str, ChoiceList] = {}
        """The choice for the data of each site."""
        self.packages: ChoiceList | None = None
        self.preview: FullUndo | None = None
        self._starting = False

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.choices

    def buttons(self) -> Sequence[tuple[str, str]]:
        something = self.preview is not None and (self.preview.steps or self.preview.packages)
        return (("back", "Cancel"), *((("undo", "Undo everything"),) if something else ()))

    def on_mount(self) -> None:
        self.read_machine()
        self.call_after_refresh(self.focus_button, "back")
        self.read_for(self.text, self.service.preview_full_undo, self._previewed, group="preview")

    def _previewed(self, preview: FullUndo) -> None:
        self.preview = preview
        self.text.update(full_undo_text(preview))
        self.start(partial(self._show_choices, preview), "choices")

    async def _show_choices(self, preview: FullUndo) -> None:
        for site, data in preview.data.items():
            self.data[site] = ChoiceList([(KEEP, f"Keep {data}"), (DELETE, f"Delete {data}")], KEEP)
        if preview.packages:
            removed = f"Remove those that nothing else needs of {', '.join(preview.packages)}"
            self.packages = ChoiceList([(KEEP, "Keep the installed packages"), (DELETE, removed)], KEEP)
        for choice in (*self.data.values(), *((self.packages,) if self.packages else ())):
            await self.choices.mount(choice, Static(""))
        await self.show_buttons(self.buttons())
        self.focus_button("back")

    def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        event.stop()
        self.focus_next()

    async def action_undo(self) -> None:
        """Start the run, and show it."""
        if self.preview is None or self._starting:
            return
        self._starting = True
        wipe = tuple(site for site, choice in self.data.items() if choice.value == DELETE)
        packages = self.packages is not None and self.packages.value == DELETE
        try:
            run = await run_in_thread(partial(self.service.start_full_undo, self.preview, wipe=wipe, packages=packages))
        except (PiwizardError, OSError) as error:
            self.notify_line(sentence_of(error))
        else:
            await self.navigator.open_install(run)
        finally:
            self._starting = False


def full_undo_text(preview: FullUndo) -> Text:
    """Return what undoing everything means, as text."""
    if not preview.steps and not preview.packages:
        return Text("piwizard has not changed anything, so there is nothing to undo.")
    text = Text().append("Undo everything?\n\n", "bold")
    for site in preview.offline:
        text.append("! ", "yellow").append(f"{site} goes offline.\n")
    for line in preview.lines:
        text.append(f"{clean(line)}\n")
    return text.append("Answers and secrets stay: `piwizard apply` sets everything up again.\n", "dim")
