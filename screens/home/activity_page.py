"""List all runs, newest first; each opens its log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from piwizard.screens.page import Page
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.screens.widgets.row_list import RowList
from piwizard.screens.widgets.run_progress import duration

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.screens.home.run_summary import RunSummary
    from piwizard.screens.screen_service import ScreenService

RESULTS = {"done": ("✓", "green"), "failed": ("✗", "bold red"), "stopped": ("!", "yellow"), "": ("●", "bold blue")}


class RunList(RowList):
    """The runs."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "open", "open its log")]

    class RunOpened(Message):
        """Enter was pressed on a run."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    def __init__(self) -> None:
        super().__init__(id="runs")
        self.runs: list[RunSummary] = []

    def show(self, runs: list[RunSummary]) -> None:
        """Show these runs."""
        self.runs = runs
        self.styles.height = max(1, len(runs))
        self.changed()

    def count(self) -> int:
        return len(self.runs)

    def row(self, number: int) -> list[Segment]:
        run = self.runs[number]
        symbol, style = RESULTS.get(run.result, RESULTS["stopped"])
        when = f"{run.began.day} {run.began:%b %Y, %H:%M}" if run.began else run.run
        steps = ", ".join(dict.fromkeys(step for step, _ in run.steps))
        action = f"{'Undo ' if run.undo else ''}{steps}"
        site = ", ".join(run.sites)
        took = duration(run.seconds) if run.result else "in progress or interrupted"
        return [
            Segment(f" {symbol} ", Style.parse(style)),
            Segment(set_cell_size(when, 20)),
            Segment(set_cell_size(f"  {site}", 16)),
            Segment(set_cell_size(f"  {took}", 10)),
            Segment(f"  {action}"),
        ]

    def action_open(self) -> None:
        if self.runs:
            self.post_message(self.RunOpened(self.runs[self.active].run))

    def clicked(self, *, again: bool) -> None:
        self.action_open()


class ActivityPage(Page):
    """All runs on this machine."""

    TITLE = "Activity"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="activity")
        self.runs = RunList()
        self.empty = PendingText("Reading the logs…")

    def body(self) -> Iterable[Widget]:
        yield self.empty
        yield self.runs

    def on_mount(self) -> None:
        self.runs.focus()
        self.read_for(self.empty, self.service.activity, self._show, group="activity")

    def _show(self, runs: list[RunSummary]) -> None:
        self.empty.display = not runs
        self.empty.update("Nothing has been installed or undone yet.")
        self.runs.show(runs)

    async def on_run_list_run_opened(self, event: RunList.RunOpened) -> None:
        await self.navigator.open_log(event.run)
