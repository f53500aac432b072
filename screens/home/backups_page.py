"""Show the backups: the last, the next, their test, and what can be restored."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from piwizard.screens.home.overview_text import moment
from piwizard.screens.home.site_list import NARROW_COLUMNS
from piwizard.screens.home.working_page import WorkingPage
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.screens.widgets.row_list import RowList
from piwizard.screens.widgets.state_rows import StateRow, state_rows
from piwizard.screens.yes_no_dialog import YesNoDialog

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.backups.backup_record import LastBackup, LastProof
    from piwizard.screens.restore_service import RestoreProposal
    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.backup_job import SavedSet
    from piwizard.setup.backup_service import BackupState

NOT_SET_UP = "Not set up. “Set up backups” asks for their target."
BACKING_UP, TESTING = "Making a backup", "Restoring the newest backup for a test"


class BackupList(RowList):
    """The restores that can be undone, then the backups of each site."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", "restore")]

    class BackupChosen(Message):
        """Enter was pressed on a backup of a site; `at` is "" to undo its last restore."""

        def __init__(self, site: str, at: str) -> None:
            super().__init__()
            self.site, self.at = site, at

    def __init__(self) -> None:
        super().__init__(id="backups")
        self.saved: list[tuple[str, str]] = []
        """Local time and site of each line; no time for a restore that can be undone."""

    def show(self, sets: Sequence[SavedSet], undoable: Sequence[str] = ()) -> None:
        """Show the backups of all sites, and which restores can be undone."""
        self.saved = [("", site) for site in undoable] + [(one.local_time, site) for one in sets for site in one.sites]
        self.styles.height = max(1, len(self.saved))
        self.changed()

    def count(self) -> int:
        return len(self.saved)

    def row(self, number: int) -> list[Segment]:
        at, site = self.saved[number]
        if not at:
            return [Segment("  Undo the restore of "), Segment(clean(site), Style(bold=True))]
        return [Segment(f"  {at}   "), Segment(clean(site), Style(bold=True))]

    def action_choose(self) -> None:
        if self.saved:
            at, site = self.saved[self.active]
            self.post_message(self.BackupChosen(site, at))

    def clicked(self, *, again: bool) -> None:
        if again:
            self.action_choose()


class BackupsPage(WorkingPage):
    """The backups of this Pi.

    Enter on a backup restores the data of its site, after a question.
    """

    TITLE = "Backups"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="backups-page")
        self.state: BackupState | None = None
        self.text = PendingText("Reading the state of the backups…")
        self.heading = Static("", markup=False)
        self.backups = BackupList()

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.working
        yield self.heading
        yield self.backups

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.state is None:
            return (("back", "Back"),)
        if not self.state.record.repository:
            return (("back", "Back"), ("set_up", "Set up backups"))
        narrow = self.app.size.width < NARROW_COLUMNS
        return (
            ("back", "Back"),
            ("sheet", "Sheet" if narrow else "Recovery sheet"),
            ("test", "Test"),
            ("now", "Back up now"),
        )

    def on_mount(self) -> None:
        self.backups.display = False
        self._read()

    def on_screen_resume(self) -> None:
        """Show what has changed while another page was in front."""
        if self.state is not None:
            self._read()

    def _read(self) -> None:
        self.read_for(self.text, self.service.backup_state, self._show, group="state")

    def _show(self, state: BackupState) -> None:
        first, self.state = self.state is None, state
        self.text.update(state_rows(backup_rows(state, datetime.now(UTC))))
        self.start(partial(self._show_buttons, first=first), "buttons")
        if state.record.repository:
            self.heading.update(Text("\nAt the target: reading…", "dim"))
            self.run_in_background(self.service.saved_sets, self._listed, group="list", refused=self._not_listed)

    async def _show_buttons(self, *, first: bool) -> None:
        name = self.focused.name if self.focused is not None else None
        await self.show_buttons(self.buttons())
        if first:
            self.focus_button(self.buttons()[-1][0])
        elif name is not None:
            self.focus_button(name)

    def _listed(self, sets: Sequence[SavedSet]) -> None:
        self.heading.update(Text("\nBackups, newest first", "bold") if sets else Text("\nNo backup yet.", "dim"))
        undoable = self.state.undoable if self.state is not None else ()
        self.backups.display = bool(sets or undoable)
        self.backups.show(sets, undoable)

    def _not_listed(self, sentence: str) -> None:
        self.heading.update(Text().append("\n! ", "yellow").append(clean(sentence)))

    def on_backup_list_backup_chosen(self, event: BackupList.BackupChosen) -> None:
        """Ask whether to restore a site's data, or to undo that."""
        if not self.busy:
            propose = partial(self.service.propose_restore, event.site, event.at)
            self.run_in_background(propose, self._ask, group="propose")

    def _ask(self, proposal: RestoreProposal) -> None:
        what = f"Restoring the data of {proposal.site}"

        def answered(yes: bool | None) -> None:
            if yes and self.begin(what):
                restore = partial(self.service.restore_data, proposal)
                done = partial(self._restored, proposal)
                self.run_in_background(restore, done, group="work", refused=self._failed)

        if self.in_front:
            self.app.push_screen(YesNoDialog(clean(proposal.question), "Restore", "Cancel"), answered)

    def _restored(self, proposal: RestoreProposal, _: None) -> None:
        moment_of = f"that of {proposal.at}" if proposal.at else "as before the restore"
        self._ended(f"The data of {proposal.site} is {moment_of}.", ok=True)

    async def action_sheet(self) -> None:
        """Show the recovery sheet."""
        await self.navigator.open_sheet()

    async def action_set_up(self) -> None:
        """Open the step that sets up backups."""
        await self.navigator.open_steps("backup")

    def action_now(self) -> None:
        """Make a backup; it continues without this page."""
        if self.begin(BACKING_UP):
            self.run_in_background(self.service.back_up, self._made, group="work", refused=self._failed)

    def action_test(self) -> None:
        """Restore the newest backup for a test."""
        if self.begin(TESTING):
            self.run_in_background(self.service.test_backups, self._tested, group="work", refused=self._failed)

    def _ended(self, sentence: str, *, ok: bool) -> None:
        self.end(clean(sentence), ok=ok)
        self._read()

    def _made(self, last: LastBackup) -> None:
        self._ended("Backup complete." if last.ok else last.message, ok=last.ok)

    def _tested(self, proof: LastProof) -> None:
        self._ended(proof.message, ok=proof.ok)

    def _failed(self, sentence: str) -> None:
        self._ended(sentence, ok=False)


def backup_rows(state: BackupState, now: datetime) -> list[StateRow]:
    """Return the times of the backups, their test, target and sheet."""
    record = state.record
    if not record.repository:
        return [("○", "Backups", NOT_SET_UP)]
    last, proof = record.last, record.proof
    rows: list[StateRow] = [
        ("✓" if record.succeeded_at else "○", "Last backup", moment(record.succeeded_at, now) or "none yet")
    ]
    if last is not None and not last.ok:
        rows.append(("!", "Last attempt", f"{moment(last.at, now)}: {last.message}"))
    rows.append(("✓" if state.next_at else "!", "Next backup", moment(state.next_at, now) or "no timer runs"))
    if proof is None:
        rows.append(("○", "Tested", "not yet; a test runs every week"))
    else:
        rows.append(("✓" if proof.ok else "!", "Tested", f"{moment(proof.at, now)}: {proof.message}"))
    rows.append(("✓", "Target", record.target))
    kept = "saved elsewhere" if record.sheet_saved else "not saved elsewhere yet"
    rows.append(("✓" if record.sheet_saved else "!", "Recovery sheet", kept))
    return rows
