"""List the releases of a site, and offer the way back to each."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread
from piwizard.screens.home.overview_text import age
from piwizard.screens.home.site_list import NARROW_COLUMNS
from piwizard.screens.page import Page
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.screens.widgets.row_list import RowList
from piwizard.screens.yes_no_dialog import YesNoDialog
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.site_releases import SHORT_COMMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.rollback_proposal import RollbackProposal
    from piwizard.setup.site_releases import SiteRelease
    from piwizard.setup.version_service import SiteVersions

COMMIT_COLUMNS, SUBJECT_COLUMNS, AGE_COLUMNS, SIZE_COLUMNS = 9, 28, 10, 9
BYTES_PER_MB = 1_000_000
NO_RELEASE = "No version is installed yet."


class ReleaseList(RowList):
    """The releases, one a line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", "go back to it")]

    class ReleaseChosen(Message):
        """Enter was pressed on a release."""

        def __init__(self, release: SiteRelease) -> None:
            super().__init__()
            self.release = release

    def __init__(self) -> None:
        super().__init__(id="releases")
        self.releases: Sequence[SiteRelease] = ()

    def show(self, releases: Sequence[SiteRelease]) -> None:
        """Show these releases."""
        self.releases = releases
        self.styles.height = max(1, len(releases))
        self.changed()

    def count(self) -> int:
        return len(self.releases)

    def row(self, number: int) -> list[Segment]:
        one = self.releases[number]
        record, now = one.record, datetime.now(UTC)
        symbol, style, state = ("✓", "green", "in use") if one.in_use else ("○", "", "")
        if not one.served:
            symbol, style, state = "✗", "bold red", "failed"
        by = f"by {record.deployed_by}" if record.deployed_by else ""
        past = age(record.deployed_at or record.used_at, now)
        cells = [
            (record.commit[:SHORT_COMMIT], COMMIT_COLUMNS),
            (clean(record.subject) or one.name, SUBJECT_COLUMNS if self.room >= NARROW_COLUMNS else 18),
            (f"{past} ago" if past else "", AGE_COLUMNS),
        ]
        if self.room >= NARROW_COLUMNS:
            cells += [(f"{record.size / BYTES_PER_MB:.0f} MB", SIZE_COLUMNS), (state or clean(by), 16)]
        else:
            cells.append((state, 8))
        text = "".join(f"{set_cell_size(words, width - 1)} " for words, width in cells)
        return [Segment(f"{symbol} ", Style.parse(style)), Segment(text)]

    def action_choose(self) -> None:
        if self.releases:
            self.post_message(self.ReleaseChosen(self.releases[self.active]))

    def activated(self) -> None:
        self.post_message(self.ReleaseHighlighted())

    class ReleaseHighlighted(Message):
        """The cursor is on another release."""

    def clicked(self, *, again: bool) -> None:
        if again:
            self.action_choose()


class VersionsPage(Page):
    """The releases of a site, the one in use first.

    A rollback is confirmed before it starts.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="versions")
        self.site = site
        self.state = PendingText("Reading the releases…")
        self.releases = ReleaseList()
        self.detail = Static("", markup=False)
        self.versions: SiteVersions | None = None
        self._starting = False

    def body(self) -> Iterable[Widget]:
        yield self.state
        yield Static("")
        yield self.releases
        yield self.detail

    def buttons(self) -> Sequence[tuple[str, str]]:
        versions = self.versions
        if versions is None:
            return (("back", "Back"),)
        undo = [("undo_rollback", "Undo the rollback")] if versions.rolled_back else []
        return (("back", "Back"), *undo, ("open", "Open again") if versions.closed else ("close", "Close the site"))

    def on_mount(self) -> None:
        self.show_title(f"{self.site} · Versions")
        self.releases.focus()
        self._read()

    def on_screen_resume(self) -> None:
        """Show what has changed while another page was in front."""
        if self.versions is not None:
            self._read()

    def _read(self) -> None:
        self.read_for(self.state, partial(self.service.versions, self.site), self._show, group="versions")

    def _show(self, versions: SiteVersions) -> None:
        self.versions = versions
        if versions.closed:
            text = Text().append("! ", "yellow").append("Closed for maintenance: visitors get status 503.")
        else:
            text = Text().append("✓ ", "green").append("Open to visitors.")
        if versions.rolled_back:
            text.append("\n! ", "yellow").append("Rolled back: it stays at this version until the next deploy.")
        if not versions.releases:
            text.append(f"\n{NO_RELEASE}", "dim")
        self.state.update(text)
        self.releases.show(versions.releases)
        self._show_detail()
        self.start(self._show_buttons, "buttons")

    async def _show_buttons(self) -> None:
        focused = self.focused.name if self.focused is not None else None
        await self.show_buttons(self.buttons())
        if focused is not None or self.focused is None:
            self.releases.focus()

    def on_release_list_release_highlighted(self, event: ReleaseList.ReleaseHighlighted) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        """Show everything about the release with the cursor, for which its row may have no room."""
        if not self.releases.releases:
            self.detail.update("")
            return
        record = self.releases.releases[self.releases.active].record
        lines = [
            ("Commit", record.commit),
            ("Message", record.subject),
            ("Author", record.author),
            ("Deployed by", record.deployed_by),
        ]
        text = Text()
        for label, value in lines:
            if value:
                text.append(f"\n{label:<16}", "dim").append(clean(value))
        self.detail.update(text)

    async def on_release_list_release_chosen(self, event: ReleaseList.ReleaseChosen) -> None:
        if event.release.in_use:
            self.notify_line("This version is in use. Choose another one to go back to it.", "dim")
        else:
            self._ask(partial(self.service.propose_rollback, self.site, event.release.name))

    def action_undo_rollback(self) -> None:
        """Ask whether to return to the version from before the last rollback."""
        self._ask(partial(self.service.propose_undo_rollback, self.site))

    def _ask(self, propose: partial[RollbackProposal]) -> None:
        self.notify_line("Preparing…", "dim")
        self.run_in_background(propose, self._proposed, group="propose")

    def _proposed(self, proposal: RollbackProposal) -> None:
        self.notify_line("")
        question = "Go back, with the data as it is?" if proposal.data_warning else "Go back?"
        words = "\n\n".join(filter(None, (proposal.sentence, proposal.data_warning, question)))

        async def answered(yes: bool | None) -> None:
            if yes:
                await self._start(proposal)

        if self.in_front:
            self.app.push_screen(YesNoDialog(clean_lines(words), "Go back", "Cancel"), answered)

    async def _start(self, proposal: RollbackProposal) -> None:
        if self._starting:
            return
        self._starting = True
        try:
            run = await run_in_thread(partial(self.service.start_rollback, proposal))
        except (PiwizardError, OSError) as error:
            self.notify_line(sentence_of(error))
        else:
            await self.navigator.open_install(run, self.site)
        finally:
            self._starting = False

    def action_close(self) -> None:
        """Ask whether to close the site for maintenance."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._switch(on=True)

        question = f"Close {self.site} for maintenance? Visitors get a page with status 503 until you open it again."
        self.app.push_screen(YesNoDialog(question, "Close the site", "Cancel"), answered)

    def action_open(self) -> None:
        """Open the site again."""
        self._switch(on=False)

    def _switch(self, *, on: bool) -> None:
        self.run_in_background(
            partial(self.service.set_maintenance, self.site, on=on), lambda _: self._read(), group="maintenance"
        )


def clean_lines(text: str) -> str:
    """Return a text without invisible characters; its lines stay."""
    return "\n".join(map(clean, text.split("\n")))
