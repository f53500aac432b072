"""Show the log of a run in the third tab, live."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from piwizard.screens.background import run_in_thread, start_worker
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.list_pane import ListPane
from piwizard.screens.widgets.log_model import Block, LogPosition
from piwizard.screens.widgets.log_search import find_first_failure, find_text, load_part
from piwizard.screens.widgets.run_progress import StepKey
from piwizard.screens.widgets.run_watch import RunWatch
from piwizard.screens.widgets.search_line import SearchLine


class LogList(FoldingList):
    """Blocks whose end grows; LogPane handles the key End."""

    def action_last(self) -> None:
        raise SkipAction


class LogPane(ListPane):
    """The log, with a foldable block for each command.

    It follows the end while the cursor is there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search"),
        Binding("n", "next(False)", "next result", show=False),
        Binding("N", "next(True)", "previous result", show=False),
        Binding("e", "failure", "first error"),
        Binding("w", "copy", "save to a file"),
        Binding("end", "follow", "follow"),
    ]

    def __init__(self) -> None:
        super().__init__("log", LogList())
        self._watch: RunWatch | None = None
        self._part: list[Block] | None = None
        """The part of the log that was loaded from the file to show a search result."""
        self._query = ""
        self._live = False
        self._search_line = SearchLine(self.list, in_place_of=self._text)
        self._message: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        yield self._search_line
        yield from super().compose()

    def show(self, watch: RunWatch | None, *, live: bool) -> None:
        """Show the log of a run; None if the step has not run."""
        if watch is not self._watch:
            self._watch, self._part, self._live, self._message = watch, None, live, None
            self.list.following = live
            self.list.show(watch.log.blocks if watch else [])
        self._show_message()

    def update_reading(self) -> None:
        """Keep the lines in view that the user is reading, before more events are read."""
        if self._watch is not None:
            self._watch.log.set_reading(self._live and not self.list.following and self._part is None)

    def grown(self) -> None:
        """Show the lines that were added to the log."""
        if self._watch is not None and self._part is None:
            self.list.blocks = self._watch.log.view or self._watch.log.blocks
            self.list.grown()
            self._show_message()

    def jump(self, step: StepKey) -> None:
        """Show the beginning of a step, unless the user follows the end."""
        if self.list.following:
            return
        for number, block in enumerate(self.list.blocks):
            if block.step == step:
                self.list.go_to(number)
                return

    def _show_notice(self, text: str, style: str = "") -> None:
        """Show a message until the user follows the end again or opens another log."""
        self._message = text, style
        self._show_message()

    def _show_message(self) -> None:
        self.say(*(self._message or (self._run_text(), "dim")))

    def _run_text(self) -> str:
        if self._watch is None:
            return "This step has not run yet."
        if self._watch.log.view is not None:
            return f"Run {self._watch.run}: new lines below; press End to follow"
        return f"Run {self._watch.run}" if self._watch.caught_up else f"Run {self._watch.run}: reading…"

    def action_follow(self) -> None:
        self._part = self._message = None
        self.list.following = True
        self.update_reading()
        self.grown()

    def action_search(self) -> None:
        self._search_line.open()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._query = event.value
        self._search_line.action_close()
        self.action_next(False)

    def action_next(self, backwards: bool) -> None:
        if self._query and self._watch is not None:
            search = partial(find_text, self._watch.events_file, self._query, self.list.position, backwards=backwards)
            self._search(search, f"/{self._query}   n next, N previous", f"“{self._query}” was not found in this log.")

    def action_failure(self) -> None:
        if self._watch is not None:
            search = partial(find_first_failure, self._watch.events_file)
            self._search(search, "First error", "Nothing failed in this run.")

    def _search(self, search: Callable[[], LogPosition | None], found: str, missing: str) -> None:
        """Search the whole log in a thread and show the result, from the file if necessary."""
        if self._watch is None:
            return
        self.list.following = False
        self._show_notice("Searching the whole log…", "dim")
        start_worker(self, partial(self._find, self._watch, search, found, missing), "search")

    async def _find(self, watch: RunWatch, search: Callable[[], LogPosition | None], found: str, missing: str) -> None:
        try:
            position = await run_in_thread(search)
            if position is not None and not self.list.go_to_position(position):
                blocks = await run_in_thread(partial(load_part, watch.events_file, position))
                if watch is self._watch:
                    self._part = blocks
                    self.list.show(blocks)
                    self.list.go_to_position(position)
        except OSError as error:
            self._show_notice(f"The log could not be read: {error}. Press / to try again.", "yellow")
        else:
            self._show_notice(found if position else missing, "" if position else "yellow")

    def action_copy(self) -> None:
        if self._watch is not None:
            self._show_notice("Saving…")
            start_worker(self, partial(self._copy, self._watch.events_file), "copy")

    async def _copy(self, events_file: Path) -> None:
        try:
            target = await run_in_thread(lambda: save_log(events_file))
        except OSError as error:
            self._show_notice(f"The log could not be saved: {error}. Press w to try again.", "yellow")
        else:
            self._show_notice(f"Saved to {target}.", "green")

    @property
    def blocks(self) -> list[Block]:
        """Return the blocks in memory."""
        return self.list.blocks


def save_log(events_file: Path) -> Path:
    """Save a log as text in the home of the user who called sudo; return the path."""
    from piwizard.engine.event_format import line
    from piwizard.engine.run_log import EventReader

    who = pwd.getpwnam(os.environ.get("SUDO_USER") or pwd.getpwuid(os.geteuid()).pw_name)
    target = Path(who.pw_dir) / f"piwizard-{events_file.parent.name}.log"
    reader = EventReader(events_file)
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        while reader.behind:
            file.writelines(f"{text}\n" for event in reader.new() if (text := line(event)) is not None)
        os.fchown(file.fileno(), who.pw_uid, who.pw_gid)
    return target
