"""The third tab: the record of a run, live."""

from __future__ import annotations

import os
import pwd
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from piwizard.screens.aside import aside, begin
from piwizard.screens.blocks import Block
from piwizard.screens.editors import LineEditor
from piwizard.screens.folds import Folds
from piwizard.screens.progress import Key
from piwizard.screens.watch import Watch


class Log(Vertical):
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
        super().__init__(id="log", classes="pane")
        self._watch: Watch | None = None
        self._words = ""

    def compose(self) -> ComposeResult:
        yield Static(id="log-words", classes="words", markup=False)
        yield Folds(id="log-folds")
        yield LineEditor("", "search for", id="search")

    def on_mount(self) -> None:
        self.query_one("#search").display = False

    @property
    def folds(self) -> Folds:
        """The blocks."""
        return self.query_one(Folds)

    def show(self, watch: Watch | None, *, live: bool) -> None:
        """The record to show from now on."""
        if watch is not self._watch:
            self._watch = watch
            self.folds.following = live
            self.folds.show(watch.log.blocks if watch else [])
        self._say()

    def grown(self) -> None:
        """The record has grown."""
        self.folds.grown()
        self._say()

    def jump(self, place: Key) -> None:
        """To where a step begins, unless the end is being followed."""
        if self.folds.following:
            return
        for number, block in enumerate(self.folds.blocks):
            if block.place == place:
                self.folds.go_to(number)
                return

    def _say(self, words: str = "", style: str = "dim") -> None:
        if not words:
            if self._watch is None:
                words = "This step was not run yet."
            elif self._watch.caught_up:
                words = f"Run {self._watch.run}"
            else:
                words = f"Run {self._watch.run}: reading…"
        self.query_one("#log-words", Static).update(Text(words, style))

    def action_follow(self) -> None:
        self.folds.following = True
        self.folds.grown()

    def action_search(self) -> None:
        search = self.query_one("#search", LineEditor)
        search.display = True
        search.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._words = event.value
        event.input.display = False
        self.folds.focus()
        self.action_next(False)

    def action_next(self, backwards: bool) -> None:
        if not self._words:
            return
        if self.folds.find(self._words, backwards=backwards):
            self._say(f"/{self._words}   n next, N back", "")
        else:
            self._say(f"{self._words} is not in what is kept here; the whole record: {self._record()}", "yellow")

    def action_failure(self) -> None:
        if not self.folds.first_failure():
            self._say("Nothing failed in this run.", "green")

    def action_copy(self) -> None:
        if self._watch is not None:
            self._say("Writing…")
            begin(self, partial(self._copy, self._watch.record), "copy")

    async def _copy(self, record: Path) -> None:
        try:
            target = await aside(lambda: copy(record))
        except OSError as error:
            self._say(f"It could not be written: {error}.", "yellow")
        else:
            self._say(f"Written to {target}.", "green")

    def _record(self) -> Path | str:
        return self._watch.record if self._watch else ""

    @property
    def blocks(self) -> list[Block]:
        """The blocks that are kept in memory."""
        return self.folds.blocks

    def focus_first(self) -> None:
        """The cursor goes to the blocks."""
        self.folds.focus()


def copy(record: Path) -> Path:
    """Writes a run's record as text into the home of whoever called sudo; gives the path."""
    from piwizard.engine.events import Reader
    from piwizard.engine.narrate import line

    who = pwd.getpwnam(os.environ.get("SUDO_USER") or pwd.getpwuid(os.geteuid()).pw_name)
    target = Path(who.pw_dir) / f"piwizard-{record.parent.name}.log"
    reader = Reader(record)
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        while reader.behind:
            file.writelines(f"{text}\n" for event in reader.new() if (text := line(event)) is not None)
        os.fchown(file.fileno(), who.pw_uid, who.pw_gid)
    return target
