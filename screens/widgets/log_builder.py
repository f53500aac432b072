"""Build the blocks of a run's log from its events."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from piwizard.engine.event_format import heading, written
from piwizard.engine.events import CommandFinished, ErrorRaised, Event, RunFinished
from piwizard.screens.widgets.log_model import MAX_BLOCK_LINES, Block, Line, thin, too_many
from piwizard.system import console
from piwizard.system.printable import terminal_line


class LogBuilder:
    """Turns events into blocks.

    Each step becomes a heading, each change a line, each command a foldable block.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.number = 0
        """Number of events that were read, without lines of output."""
        self.reading = False
        """Whether the user is reading, so that the lines in view must stay."""
        self.view: list[Block] | None = None
        """A copy of the blocks from before a line was dropped that the user may be reading."""
        self._commands: dict[int, Block] = {}
        self._pending: dict[int, list[Line]] = {}
        self._step: tuple[str, str | None] | None = None
        self._kept = 0

    def take(self, events: Iterable[Event]) -> None:
        """Read events; add the lines of each command all together."""
        for event in events:
            if event["event"] == "output":
                self._pending.setdefault(event["id"], []).append((terminal_line(event["text"]), ""))
            elif event["event"] == "passed-over":
                self._flush()
                self._pass_over(event["lines"])
            else:
                self._flush()
                self.number += 1
                self._take_one(event)
        self._flush()
        if too_many(self.blocks, self._kept):
            self._keep_view()
            self._kept = thin(self.blocks, self._kept)

    def _pass_over(self, lines: int) -> None:
        if block := self.at_work:
            self._keep_view()
            self._kept -= block.drop(len(block.lines))
            block.dropped += lines

    @property
    def at_work(self) -> Block | None:
        """Return the command that is running."""
        return next(reversed(self._commands.values()), None)

    def set_reading(self, reading: bool) -> None:
        """Keep the lines in view, or release them when the user follows the end."""
        self.reading = reading
        if not reading:
            self.view = None

    def _keep_view(self) -> None:
        if self.reading and self.view is None:
            self.view = [block.copy() for block in self.blocks]

    def _flush(self) -> None:
        for number, lines in self._pending.items():
            block = self._commands.get(number)
            if block is not None:
                if len(block.lines) + len(lines) > MAX_BLOCK_LINES:
                    self._keep_view()
                self._kept += block.add(lines)
        self._pending.clear()

    def _take_one(self, event: Event) -> None:
        match event["event"]:
            case "run-started":
                self._step = (event["step"], event["site"])
                self._commands.clear()
                self._say(heading(event), "bold", indent=0).step = self._step
            case "change-started":
                self._say(event["change"], "")
            case "change-skipped":
                self._say(f"no change: {event['change']}", "dim")
            case "command-started":
                block = self._say(f"$ {shlex.join(event['argv'])}", "cyan", indent=2)
                block.foldable, block.open, block.right = True, True, "running"
                self._commands[event["id"]] = block
            case "command-finished":
                self._finished(event)
            case "file-written":
                self._say(written(event), "green", indent=3)
            case "path-altered":
                self._say(f"{event['path']}: {event['did']}", "green", indent=3)
            case "note" | "progress":
                self._say(event["text"], "dim", indent=3)
            case "check":
                symbol, style = ("✓", "green") if event["ok"] else ("✗", "bold red")
                self._say(f"{symbol} {event['name']}: {event['detail']}", style, indent=2).failed = not event["ok"]
            case "error":
                self._error(event)
            case "run-finished":
                self._ended(event)

    def _finished(self, event: CommandFinished) -> None:
        block = self._commands.pop(event["id"], None)
        if block is None:
            return
        code, allowed = event["exit"], event.get("allowed", False)
        block.failed = code != 0 and not allowed
        said = "✓" if code == 0 else f"exit {code}{' ✗' if block.failed else ''}"
        block.right = f"{event['seconds']:.1f} s {said}"
        block.right_style = "bold red" if block.failed else "" if allowed else "green"
        block.open = code != 0 or (self.reading and block.open)

    def _error(self, event: ErrorRaised) -> None:
        block = self._say(f"! {event['message']}", "bold red", indent=1)
        block.failed, block.foldable, block.open = True, True, True
        if hint := event.get("hint"):
            self._kept += block.add([(clean(hint), "yellow")])

    def _ended(self, event: RunFinished) -> None:
        style = {"done": "green", "failed": "bold red"}.get(event["result"], "bold yellow")
        summary = f": {event['summary']}" if event["summary"] else ""
        self._say(f"{event['result']} in {event['seconds']:.1f} s{summary}", style, indent=1)

    def _say(self, title: str, style: str, *, indent: int = 1) -> Block:
        block = Block(clean(title), style, foldable=False, indent=indent, step=self._step, number=self.number)
        self.blocks.append(block)
        return block


def clean(text: str) -> str:
    """Return a line with invisible characters made visible."""
    return console.visible_line(text)
