"""The third tab: the record of a run, live."""

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
from piwizard.screens.form.editors import LineEditor
from piwizard.screens.log.log_model import Block, LogPosition
from piwizard.screens.log.log_search import find, first_failure, part
from piwizard.screens.log.run_progress import StepKey
from piwizard.screens.log.run_watch import RunWatch
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.list_pane import ListPane


class LogList(FoldingList):
    """Blocks whose end grows: the key End is the log's."""

    def action_last(self) -> None:
        raise SkipAction


class LogPane(ListPane):
    """Each command a foldable block. Follows the end while the cursor is there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", show=False),
        Binding("n", "next(False)", show=False),
        Binding("N", "next(True)", show=False),
        Binding("e", "failure", show=False),
        Binding("w", "copy", show=False),
        Binding("end", "follow", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("log", LogList())
        self._watch: RunWatch | None = None
        self._part: list[Block] | None = None
        """The part of the record that was loaded since something was found there."""
        self._words = ""
        self._live = False
        self._told: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield LineEditor("", "search for", id="search")

    def on_mount(self) -> None:
        self.query_one("#search").display = False

    def show(self, watch: RunWatch | None, *, live: bool) -> None:
        """The record to show from now on."""
        if watch is not self._watch:
            self._watch, self._part, self._live, self._told = watch, None, live, None
            self.list.following = live
            self.list.show(watch.log.blocks if watch else [])
        self._say()

    def hold(self) -> None:
        """Before the record is read on: what somebody reads of a run under way stays where it is."""
        if self._watch is not None:
            self._watch.log.hold(self._live and not self.list.following and self._part is None)

    def grown(self) -> None:
        """The record has grown."""
        if self._watch is not None and self._part is None:
            self.list.blocks = self._watch.log.view or self._watch.log.blocks
            self.list.grown()
            self._say()

    def jump(self, place: StepKey) -> None:
        """To where a step begins, unless the end is being followed."""
        if self.list.following:
            return
        for number, block in enumerate(self.list.blocks):
            if block.place == place:
                self.list.go_to(number)
                return

    def _tell(self, words: str, style: str = "") -> None:
        """Says something, until the end is followed again or another record is shown."""
        self._told = words, style
        self._say()

    def _say(self) -> None:
        self.say(*(self._told or (self._standing(), "dim")))

    def _standing(self) -> str:
        if self._watch is None:
            return "This step was not run yet."
        if self._watch.log.view is not None:
            return f"Run {self._watch.run}: more has come; End follows it"
        return f"Run {self._watch.run}" if self._watch.caught_up else f"Run {self._watch.run}: reading…"

    def action_follow(self) -> None:
        self._part = self._told = None
        self.list.following = True
        self.hold()
        self.grown()

    def action_search(self) -> None:
        search = self.query_one("#search", LineEditor)
        search.display = True
        search.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._words = event.value
        event.input.display = False
        self.list.focus()
        self.action_next(False)

    def action_next(self, backwards: bool) -> None:
        if self._words and self._watch is not None:
            look = partial(find, self._watch.record, self._words, self.list.address, backwards=backwards)
            self._look(look, f"/{self._words}   n next, N back", f"{self._words} is nowhere in this record.")

    def action_failure(self) -> None:
        if self._watch is not None:
            look = partial(first_failure, self._watch.record)
            self._look(look, "The first that failed", "Nothing failed in this run.")

    def _look(self, look: Callable[[], LogPosition | None], there: str, nowhere: str) -> None:
        """Looks through the whole record aside, and shows what was found, from the file if need be."""
        if self._watch is None:
            return
        self.list.following = False
        self._tell("Searching the whole record…", "dim")
        start_worker(self, partial(self._find, self._watch, look, there, nowhere), "search")

    async def _find(self, watch: RunWatch, look: Callable[[], LogPosition | None], there: str, nowhere: str) -> None:
        try:
            place = await run_in_thread(look)
            if place is not None and not self.list.go_to_address(place):
                blocks = await run_in_thread(partial(part, watch.record, place))
                if watch is self._watch:
                    self._part = blocks
                    self.list.show(blocks)
                    self.list.go_to_address(place)
        except OSError as error:
            self._tell(f"It could not be read: {error}.", "yellow")
        else:
            self._tell(there if place else nowhere, "" if place else "yellow")

    def action_copy(self) -> None:
        if self._watch is not None:
            self._tell("Writing…")
            start_worker(self, partial(self._copy, self._watch.record), "copy")

    async def _copy(self, record: Path) -> None:
        try:
            target = await run_in_thread(lambda: copy(record))
        except OSError as error:
            self._tell(f"It could not be written: {error}.", "yellow")
        else:
            self._tell(f"Written to {target}.", "green")

    @property
    def blocks(self) -> list[Block]:
        """The blocks that are kept in memory."""
        return self.list.blocks


def copy(record: Path) -> Path:
    """Writes a run's record as text into the home of whoever called sudo; gives the path."""
    from piwizard.engine.event_format import line
    from piwizard.engine.run_log import EventReader

    who = pwd.getpwnam(os.environ.get("SUDO_USER") or pwd.getpwuid(os.geteuid()).pw_name)
    target = Path(who.pw_dir) / f"piwizard-{record.parent.name}.log"
    reader = EventReader(record)
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        while reader.behind:
            file.writelines(f"{text}\n" for event in reader.new() if (text := line(event)) is not None)
        os.fchown(file.fileno(), who.pw_uid, who.pw_gid)
    return target
