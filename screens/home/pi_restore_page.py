"""Restore this Pi from the backup of a broken one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from piwizard.screens.home.working_page import WorkingPage
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.editors import LineEditor
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.screens.yes_no_dialog import YesNoDialog
from piwizard.setup.pi_restore_service import SheetEntries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.pi_restore import RestoredPi
    from piwizard.setup.pi_restore_service import SavedPis

INTRODUCTION = "Copy these from the recovery sheet of the broken Pi. Nothing changes before you confirm it."
INTERRUPTED = "A restore was interrupted on this Pi. “Continue” shows what is left."
OPENING, RESTORING = "Opening the backups", "Restoring answers, secrets and certificates"
LINES = (
    ("target", "Target", "such as /mnt/usb/backup", "Where the backups are: a folder, or a server."),
    ("user", "User", "if the sheet has one", "The user or access key of the target."),
    ("secret", "Secret", "if the sheet has one", "The password or secret key of the target."),
    ("passphrase", "Passphrase", "", "Nobody can read the backups without it."),
)
"""Name, label, example and help of each line of the sheet."""
HIDDEN = ("secret", "passphrase")


class SheetLine(Vertical):
    """One line of a recovery sheet, to type."""

    def __init__(self, name: str, label: str, example: str, help_text: str) -> None:
        super().__init__(name=name, classes="variable")
        self._label = label
        self.help_text = f"{label}\n{help_text}"
        """Shown on the page of help."""
        self.editor = LineEditor("", example, password=name in HIDDEN)

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static(self._label, classes="label", markup=False)
            yield self.editor


class PiRestorePage(WorkingPage):
    """The recovery sheet of a broken Pi, its backups, and the restore of one."""

    TITLE = "Restore from a broken Pi"

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="pi-restore")
        self.text = PendingText("Checking this Pi…")
        self.lines = [SheetLine(*one) for one in LINES]
        self.hosts = ChoiceList((), id="saved-pis")
        self.saved: SavedPis | None = None
        self._continues = self._asks = False

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield from self.lines
        yield self.working
        yield self.hosts

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self._continues:
            return (("back", "Back"), ("go_on", "Continue"))
        if self.saved is not None:
            return (("back", "Back"), ("restore", "Restore this Pi…"))
        return (("back", "Back"), ("find", "Find the backups")) if self._asks else (("back", "Back"),)

    def on_mount(self) -> None:
        self._show_lines(shown=False)
        self.read_for(self.text, self.service.continues_pi_restore, self._known, group="state")

    def _known(self, continues: bool) -> None:
        self._continues, self._asks = continues, not continues
        self.text.update(Text(f"{INTERRUPTED if continues else INTRODUCTION}\n"))
        self._show_lines(shown=not continues)
        self.start(self._show_buttons, "buttons")

    def _show_lines(self, *, shown: bool) -> None:
        for line in self.lines:
            line.display = shown
        self.hosts.display = False

    async def _show_buttons(self) -> None:
        await self.show_buttons(self.buttons())
        if self._asks and self.saved is None:
            self.lines[0].editor.focus()
        elif self.hosts.display:
            self.hosts.focus()
        else:
            self.focus_button(self.buttons()[-1][0])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Move on to the next line, from the last one to the button."""
        event.stop()
        after = [line.editor is event.input for line in self.lines].index(True) + 1
        if after < len(self.lines):
            self.lines[after].editor.focus()
        else:
            self.focus_button("find")

    def action_find(self) -> None:
        """Open the target, and list the backups."""
        if self.begin(OPENING):
            typed = {str(line.name): line.editor.value.strip() for line in self.lines}
            work = partial(self.service.open_saved_pis, SheetEntries(**typed))
            self.run_in_background(work, self._opened, group="work", refused=self._failed)

    def _failed(self, sentence: str) -> None:
        self.end(clean(sentence))

    def _opened(self, saved: SavedPis) -> None:
        self.saved = saved
        self.end()
        self._show_lines(shown=False)
        choices = [(host, f"{host}   {one.at.astimezone():%Y-%m-%d %H:%M:%S}") for host, one in saved.hosts.items()]
        self.hosts.choices = [(host, clean(label)) for host, label in choices]
        self.hosts.choose(choices[0][0])
        self.hosts.styles.height = len(choices)
        self.hosts.display = True
        self.text.update(Text("Which Pi should this one become?\n" if len(choices) > 1 else "This Pi was found.\n"))
        self.start(self._show_buttons, "buttons")

    def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        event.stop()
        self.focus_button("restore")

    def action_restore(self) -> None:
        """Ask whether to replace what this Pi has, then restore."""
        if not self.busy:
            self.run_in_background(self.service.replaced_settings, self._ask, group="replaced")

    def _ask(self, replaced: tuple[tuple[Path, ...], Path]) -> None:
        files, folder = replaced
        saved, host = self.saved, self.hosts.value
        named = " and ".join(map(str, files))
        replaces = f" It replaces {named}; copies are kept in {folder}." if files else ""
        question = f"Restore {host} on this Pi?{replaces} The next page shows everything that is then installed."

        def answered(yes: bool | None) -> None:
            if yes and saved is not None and self.begin(RESTORING):
                work = partial(self.service.restore_pi, saved, host)
                self.run_in_background(work, self._restored, group="work", refused=self._failed)

        if self.in_front:
            self.app.push_screen(YesNoDialog(clean(question), "Restore", "Cancel"), answered)

    def _restored(self, found: RestoredPi) -> None:
        self.saved = None
        self._continues, self._asks = True, False
        self.end()
        self.hosts.display = False
        for line in self.lines:
            line.editor.value = ""
        self.text.update(Text(clean(f"The settings of {found.host} are back. {' '.join(found.remarks)}")))
        self.start(self._show_buttons, "buttons")
        self.start(self.action_go_on, "go-on")

    async def action_go_on(self) -> None:
        """Show what is left to install, and ask."""
        await self.navigator.runs.confirm(partial(self.service.proposal, None), None)
