"""Say what an undo removes and restores, and start it after a confirmation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text

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
    from piwizard.setup.undo_preview import UndoPreview

KEEP, DELETE = "keep", "delete"


class ConfirmUndoPage(Page):
    """The undo of a step of a site, or its removal (`step` None).

    The data stays unless the user chooses otherwise.
    """

    def __init__(self, service: ScreenService, site: str, step: str | None = None) -> None:
        super().__init__(service, kind="confirm-undo")
        self.site, self.step = site, step
        self.text = PendingText("Reading what was changed…")
        self.data = ChoiceList([(KEEP, "Keep its data"), (DELETE, "Delete its data")], KEEP, id="undo-data")
        self.preview: UndoPreview | None = None
        self._starting = False

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.data

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.preview is None or self.preview.dependents:
            return (("back", "Cancel"),)
        return (("back", "Cancel"), ("undo", "Remove" if self.step is None else "Undo"))

    def on_mount(self) -> None:
        self.data.display = False
        self.show_title(f"{self.site} · {'Undo a step' if self.step else 'Remove this site'}")
        self.call_after_refresh(self.focus_button, "back")
        work = partial(self.service.preview_undo, self.site, self.step)
        self.read_for(self.text, work, self._previewed, group="preview")

    def _previewed(self, preview: UndoPreview) -> None:
        self.preview = preview
        self.text.update(undo_text(preview))
        if preview.data is not None:
            self.data.choices = [(KEEP, f"Keep {preview.data}"), (DELETE, f"Delete {preview.data}")]
            self.data.display = True
        self.start(self._show_buttons, "buttons")

    async def _show_buttons(self) -> None:
        await self.show_buttons(self.buttons())
        self.focus_button("back")

    def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        event.stop()
        self.focus_button("back")

    async def action_undo(self) -> None:
        """Start the run, and show it."""
        if self.preview is None or self._starting:
            return
        self._starting = True
        wipe = self.preview.data is not None and self.data.value == DELETE
        try:
            run = await run_in_thread(partial(self.service.start_undo, self.preview, wipe=wipe))
        except (PiwizardError, OSError) as error:
            self.notify_line(sentence_of(error))
        else:
            await self.navigator.open_install(run, self.site)
        finally:
            self._starting = False


def undo_text(preview: UndoPreview) -> Text:
    """Return what an undo means, as text."""
    text = Text().append(f"{preview.title}?\n\n", "bold")
    if preview.dependents:
        needing = ", ".join(preview.dependents)
        return text.append("! ", "yellow").append(f"{needing} would stop working. Undo that first.")
    for site in preview.offline:
        text.append("! ", "yellow").append(f"{site} goes offline.\n")
    for line in preview.lines:
        text.append(f"{clean(line)}\n")
    if preview.step is None:
        text.append("Its answers and secrets are deleted; secrets stay if its data stays.\n")
    return text.append("Other sites are not affected.\n", "dim")
