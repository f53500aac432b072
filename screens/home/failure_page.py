"""Show why an installation failed, where in the code, and what helps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from piwizard.screens.home.site_list import NARROW_COLUMNS
from piwizard.screens.page import Page
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.pending_text import PendingText
from piwizard.system.remedies import adds_answers

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.diagnosis.failure import RunFailure
    from piwizard.screens.screen_service import ScreenService

TEXT_WIDTH, INDENT = 74, 7


class FailurePage(Page):
    """The failure of a run. The main button tries again with the newest commit."""

    help_text = (
        "What failed\n"
        "Why the installation failed, and what helps. "
        "What was installed before stays, and your other sites are not affected."
    )
    STAGE = 3
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "home", "home"),
        Binding("q", "app.leave", "quit"),
    ]

    def __init__(self, service: ScreenService, run: str, site: str | None) -> None:
        super().__init__(service, kind="failure")
        self.run_id, self.site = run, site
        self.failure: RunFailure | None = None
        self.report = PendingText("Reading what happened…")

    def body(self) -> Iterable[Widget]:
        return (self.report,)

    def buttons(self) -> Sequence[tuple[str, str]]:
        failure = self.failure
        in_app = bool(self.site) and (failure is None or bool(failure.excerpt or failure.location))
        return (
            main_button(failure),
            ("app_log", "App log") if in_app else ("full_log", "Full log"),
            ("edit", "Edit settings"),
            ("ask", "Prepare a report" if self.app.size.width >= NARROW_COLUMNS else "Report"),
        )

    def on_mount(self) -> None:
        self.show_title(f"Installing {self.site or ''}".strip())
        self.read_machine()
        self.read_for(self.report, self._read, self._show, group="failure")
        self.call_after_refresh(self._focus_main)

    def _focus_main(self) -> None:
        self.focus_button(main_button(self.failure)[0])

    def _read(self) -> RunFailure | None:
        return self.service.failure(self.site) if self.site else None

    def _show(self, failure: RunFailure | None) -> None:
        self.failure = failure
        if failure is None:
            self.report.update("The run has failed. Its log says why.")
        else:
            self.run_id = failure.run or self.run_id  # the newest run may be that of another site
            self.report.update(failure_text(failure, min(TEXT_WIDTH, self.size.width - 4)))
            self.start(self._show_buttons, "buttons")

    async def _show_buttons(self) -> None:
        moved = self.focused is not None and self.focused.name != "retry"
        await self.show_buttons(self.buttons())
        if not moved:
            self._focus_main()

    async def action_enter(self) -> None:
        """Open the field of the answer that is missing."""
        if self.failure is not None:
            await self.navigator.open_setup(self.site, key=self.failure.missing_key or "")

    def action_fix(self) -> None:
        """Add the answers that fix it, then try again."""
        failure = self.failure
        if failure is not None:
            self.run_in_background(
                lambda: self.service.add_answers(failure.step.site, failure.remedies),
                lambda _: self.start(self.action_retry, "retry"),
                group="fix",
            )

    async def action_full_log(self) -> None:
        await self.navigator.open_log(self.run_id)

    async def action_retry(self) -> None:
        await self.navigator.runs.retry(self.run_id, self.site)

    async def action_app_log(self) -> None:
        if self.site:
            await self.navigator.open_app_log(self.site)

    async def action_edit(self) -> None:
        """Open the field of the answer that was refused, or all settings."""
        if self.site and self.failure is not None and (key := self.failure.missing_key or self.failure.key):
            await self.navigator.open_setup(self.site, key=key)
        elif self.site:
            await self.navigator.open_settings(self.site)
        else:
            await self.navigator.open_steps()

    async def action_ask(self) -> None:
        """Open the report for people who help."""
        await self.navigator.open_report()

    async def action_home(self) -> None:
        await self.navigator.open_home()


def main_button(failure: RunFailure | None) -> tuple[str, str]:
    """Return the button of what helps most: its name and label."""
    if failure is not None and failure.missing_key:
        return ("enter", f"Enter {failure.missing_key.rpartition('.')[2]}")
    if failure is not None and adds_answers(failure.remedies):
        return ("fix", "Fix and try again")
    return ("retry", "Try again")


def failure_text(failure: RunFailure, width: int = TEXT_WIDTH) -> Text:
    """Return the failure as text, wrapped. Red are the symbol and the heading alone."""
    text = Text().append("✗ ", "bold red").append(f"{failure.heading}\n\n", "bold red")
    text.append("".join(f"  {part}\n" for part in wrap(clean(failure.error), width - 2)), "not bold")
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
    for label, words in (("Why", failure.why), ("Fix", failure.advice or failure.fix)):
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
