"""Show a run: its stages, its progress, and the last lines of its log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.home.stage_watch import StageWatch
from piwizard.screens.page import Page

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.stage_progress import StagedRun, StageProgress, StageTracker

READS_PER_SECOND, DRAWINGS_PER_SECOND = 5, 2
MAX_TEXT_WIDTH = 100
STAGE_COLUMN = 18
SYMBOLS = {
    "waiting": ("○", "dim"), "running": ("●", "bold cyan"), "done": ("✓", "green"), "failed": ("✗", "bold red"),
    "stopped": ("!", "yellow"),
}  # fmt: skip
RETURN_NOTE = "You can close this window. Run piwizard to return to this page."


class InstallPage(Page):
    """A run. When it has ended, its result takes the place of this page."""

    help_text = (
        "Installation\n"
        "Each line is a stage with its time. "
        "The installation continues if you leave this page or lose the connection."
    )
    STAGE = 3
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search log"),
        Binding("q", "app.leave", "leave"),
    ]

    def __init__(self, service: ScreenService, run: str, site: str | None = None) -> None:
        super().__init__(service, kind=f"install-{run}")
        self.run_id, self.site = run, site
        self.watch_run: StageWatch | None = None
        self._progress_text, self._stages_text, self._log_text = (Static(markup=False) for _ in range(3))
        self._note = Static(Text(RETURN_NOTE, "dim"), markup=False)
        self._result: str | None = None

    def body(self) -> Iterable[Widget]:
        return (self._progress_text, self._stages_text, self._log_text, self._note)

    def buttons(self) -> Sequence[tuple[str, str]]:
        return (("full_log", "Full log"), ("stop", "Stop…"), ("leave", "Leave"))

    def on_mount(self) -> None:
        self.read_machine()
        self._progress_text.update(Text("Starting…\n", "dim"))
        self.run_in_background(self.service.stage_tracker, self._begin, group="tracker")
        self.call_after_refresh(self.focus_button, "full_log")

    def _begin(self, tracker: StageTracker) -> None:
        self.watch_run = StageWatch(self.service.events_file(self.run_id), tracker)
        self.set_interval(1 / READS_PER_SECOND, self.read)
        self.set_interval(1 / DRAWINGS_PER_SECOND, self.draw)
        self.read()
        self.draw()

    def read(self) -> None:
        """Read new events; at the end of the run, show its result."""
        if not self.alive or self._result is not None or self.watch_run is None:
            return
        self.watch_run.advance()
        if self.watch_run.ended(self.service.under_way()):
            self._result = self.watch_run.progress().result or "stopped"
            self.draw()
            if self.in_front:
                self.app.call_later(self._show_result)

    def on_screen_resume(self) -> None:
        """Show the result if the run ended behind another page."""
        if self._result is not None:
            self.app.call_later(self._show_result)

    async def _show_result(self) -> None:
        if not self.in_front:  # it was closed meanwhile, or shows its result when it is in front again
            return
        site, undo = self._of_site, self.watch_run is not None and self.watch_run.undo
        if self._result == "stopped":
            self.notify_line("Stopped. What is installed stays. Continuing picks up where it stopped.")
            await self.show_buttons((("retry", "Continue"), ("full_log", "Full log"), ("home", "Go to overview")))
            self.query("ActionButton").first().focus()
        elif undo:
            await self.navigator.open_home()
        elif self._result == "done":
            self.service.look_for_new_code()
            await self.navigator.open_result(site)
        else:
            await self.navigator.open_failure(site, self.run_id)

    def draw(self) -> None:
        """Show how far the run is."""
        if not self.alive or self.watch_run is None:
            return
        progress = self.watch_run.progress()
        width = min(MAX_TEXT_WIDTH, self.size.width - 4)
        self._progress_text.update(progress_text(progress, width))
        self._stages_text.update(stages_text(progress.stages, width))
        self._log_text.update(log_text(self.watch_run.lines, width))
        verb = "Undoing" if self.watch_run.undo else "Installing"
        self.show_title(f"{verb} {self._of_site or ''}".strip())

    @property
    def _of_site(self) -> str | None:
        steps = self.watch_run.steps if self.watch_run is not None else ()
        return self.site or next((site for _, site in steps if site), None)

    async def action_full_log(self) -> None:
        await self.navigator.open_log(self.run_id)

    async def action_search(self) -> None:
        await self.navigator.open_log(self.run_id, search=True)

    def action_stop(self) -> None:
        self.navigator.runs.stop()

    async def action_leave(self) -> None:
        await self.app.run_action("app.leave")

    async def action_retry(self) -> None:
        await self.navigator.runs.retry(self.run_id, self.site)

    async def action_home(self) -> None:
        await self.navigator.open_home()

    def action_back(self) -> None:
        self.start(self.navigator.open_home, "home")


def progress_text(progress: StagedRun, width: int) -> Text:
    """Return the bar with its percentage, and the time."""
    percent = f"{progress.fraction:>6.0%}".replace("%", " %")
    room = width - len(percent) - 1
    full = round(room * progress.fraction)
    text = (
        Text()
        .append("━" * full, "bold cyan")
        .append("─" * (room - full), "not bold dim")
        .append(f" {percent}\n", "not bold")
    )
    left = f", about {duration(progress.seconds_left)} left" if progress.seconds_left >= 1 else ""
    return text.append(f"{duration(progress.seconds)} so far{left}\n")


def duration(seconds: float) -> str:
    """Return a duration in minutes and seconds: "1 min 04 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def stages_text(stages: Sequence[StageProgress], width: int) -> Text:
    """Return a line for each stage: its state, what happens in it, and its time."""
    text = Text()
    for one in stages:
        symbol, style = SYMBOLS[one.state]
        took = duration(one.seconds) if one.seconds >= 1 else ""
        room = width - STAGE_COLUMN - cell_len(took) - 1
        text.append(f"{symbol} ", style).append(
            f"{one.stage.value:<{STAGE_COLUMN - 2}}", "bold" if one.state == "running" else ""
        )
        detail = (
            set_cell_size(one.detail, room)
            if cell_len(one.detail) <= room
            else set_cell_size(one.detail, room - 1) + "…"
        )
        text.append(detail, "dim" if one.state == "waiting" else "").append(f" {took}\n")
    return text


def log_text(lines: Iterable[tuple[str, str]], width: int) -> Text:
    """Return the last lines of the log, each in one line."""
    text = Text("Log\n", "bold", no_wrap=True)
    for line, style in lines:
        cut = line if cell_len(line) <= width else set_cell_size(line, width - 1) + "…"
        text.append(f"{cut}\n", f"not bold {style}")
    return text
