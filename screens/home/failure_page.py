"""Show why an installation failed, where in the code, and what helps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.home.site_list import NARROW_COLUMNS
from piwizard.screens.page import Page
from piwizard.screens.shell import run_command
from piwizard.screens.widgets.log_builder import clean

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.diagnosis.failure import RunFailure
    from piwizard.screens.screen_service import ScreenService

TEXT_WIDTH, INDENT = 74, 7


class FailurePage(Page):
    """The failure of a run. The main button tries again with the newest commit."""

    STAGE = 3
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "home", "home"),
        Binding("q", "app.leave", "quit"),
    ]

    def __init__(self, service: ScreenService, run: str, site: str | None) -> None:
        super().__init__(service, id="failure")
        self.run_id, self.site = run, site
        self.failure: RunFailure | None = None
        self.report = Static(Text("Reading what happened…", "dim"), markup=False)

    def body(self) -> Iterable[Widget]:
        return (self.report,)

    def buttons(self) -> Sequence[tuple[str, str]]:
        logs = (("app_log", "App log"),) if self.site else ()
        return (
            ("retry", "Try again"),
            *logs,
            ("edit", "Edit settings"),
            ("ask", "Prepare a report" if self.app.size.width >= NARROW_COLUMNS else "Report"),
        )

    def on_mount(self) -> None:
        self.show_title(f"Installing {self.site or ''}".strip())
        self.read_machine()
        self.run_in_background(self._read, self._show, group="failure")
        self.call_after_refresh(self.focus_button, "retry")

    def _read(self) -> RunFailure | None:
        return self.service.failure(self.site) if self.site else None

    def _show(self, failure: RunFailure | None) -> None:
        self.failure = failure
        if failure is None:
            self.report.update("The run has failed. Its log says why.")
        else:
            self.report.update(failure_text(failure, min(TEXT_WIDTH, self.size.width - 4)))

    async def action_retry(self) -> None:
        await self.navigator.retry(self.run_id, self.site)

    async def action_app_log(self) -> None:
        if self.site:
            await self.navigator.open_app_log(self.site)

    async def action_edit(self) -> None:
        """Open the page of the answer that is missing, or all settings."""
        if self.failure is not None and self.failure.missing_key:
            await self.navigator.open_setup(self.site, key=self.failure.missing_key)
        elif self.site:
            await self.navigator.open_settings(self.site)
        else:
            await self.navigator.open_steps()

    def action_ask(self) -> None:
        run_command(self.app, ("report",))

    async def action_home(self) -> None:
        await self.navigator.open_home()


def failure_text(failure: RunFailure, width: int = TEXT_WIDTH) -> Text:
    """Return the failure as text, wrapped. Red are the symbol and the heading alone."""
    text = Text("✗ ", "bold red").append(f"{failure.heading}\n\n", "bold red")
    text.append(f"  {clean(failure.error)}\n", "not bold")
    if failure.location:
        text.append(f"  {clean(failure.location)}\n", "not bold dim")
    if failure.excerpt:
        text.append("\n")
        digits = max(len(str(line.number)) for line in failure.excerpt)
        for line in failure.excerpt:
            mark = "❯" if line.marked else " "
            style = "bold" if line.marked else "not bold dim"
            text.append(f"  {mark} {line.number:>{digits}}   {clean(line.text)}\n", style)
    text.append("\n")
    for label, words in (("Why", failure.why), ("Fix", failure.fix)):
        if words:
            lines = wrap(clean(words), width - INDENT)
            text.append(f"{label:<{INDENT}}", "bold")
            text.append("".join(f"{line}\n{'':<{INDENT}}" for line in lines).rstrip(" "), "not bold")
    text.append("\n")
    done = _named([stage.value for stage in failure.done_stages])
    waiting = _named([stage.value for stage in failure.waiting_stages])
    if done:
        many = len(failure.done_stages) > 1
        text.append("✓ ", "not bold green").append(f"{done} {'are' if many else 'is'} installed. ", "not bold")
        text.append("Your other sites are not affected.\n", "not bold")
    if waiting:
        text.append("○ ", "not bold dim").append(f"Not done yet: {waiting}.\n", "not bold dim")
    return text


def _named(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
