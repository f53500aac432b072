"""Search a whole log, and load the part around a result. Slow: only for threads.

Only lines that may contain the text are decoded. All others are counted, so that a position means the same here as in
the blocks in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from piwizard.engine.events import decode, is_output
from piwizard.screens.widgets.log_builder import LogBuilder
from piwizard.screens.widgets.log_model import Block, LogPosition
from piwizard.system.printable import terminal_line

CHUNK_BYTES = 1 << 18
LINES_BEFORE, LINES_AFTER = 500, 1000
"""Lines that are loaded before a result, of the same command, and after it."""
EVENTS_AFTER = 200
TRACEBACK = b"Traceback (most recent call last)"
"""How Python, and so every app, begins to say where an error comes from."""


def find_text(events_file: Path, query: str, here: LogPosition, *, backwards: bool = False) -> LogPosition | None:
    """Return the next position with this text after `here`, or the one before it.

    The search wraps around and ignores case.
    """
    first = last = before = None
    for position in _positions(events_file, query.lower()):
        if position > here and not backwards:
            return position
        first, last = first or position, position
        if position < here:
            before = position
    return before or last if backwards else first


def find_first_failure(events_file: Path) -> LogPosition | None:
    """Return the position of the first failed check, error or command.

    For a command, it is that of its last traceback, which has the lines of code, or of its last line.
    """
    log, traceback = LogBuilder(), -1
    for raw in _lines(events_file):
        block = log.at_work
        if is_output(raw):
            if block and TRACEBACK in raw:
                traceback = block.dropped
            _count(block)
        elif event := decode(raw):
            log.take([event])
            if block and block.failed:
                return block.number, traceback if traceback >= 0 else block.dropped - 1
            if log.at_work is not block:
                traceback = -1
            if log.blocks and log.blocks[-1].failed:
                return log.blocks[-1].number, -1
    return None


def load_part(events_file: Path, position: LogPosition) -> list[Block]:
    """Return the blocks around a position.

    Blocks before it have no lines; some of what follows it is included.
    """
    number, _ = position
    log, after = LogBuilder(), 0
    for raw in _lines(events_file):
        block = log.at_work
        if after > LINES_AFTER or log.number > number + EVENTS_AFTER:
            log.blocks.append(Block("… press End for the end of the log", "dim", foldable=False, number=log.number + 1))
            break
        if is_output(raw):
            if block and (block.number, block.dropped + len(block.lines) + LINES_BEFORE) < position:
                _count(block)
                continue
            after += block is not None and (block.number, block.dropped + len(block.lines)) > position
        if event := decode(raw):
            log.take([event])
    return log.blocks


def _positions(events_file: Path, wanted: str) -> Iterator[LogPosition]:
    """Yield every position that contains the text, in order."""
    written = json.dumps(wanted, ensure_ascii=False)[1:-1]
    log = LogBuilder()
    for raw in _lines(events_file):
        block = log.at_work
        if is_output(raw):
            if block and _output_contains(raw, wanted, written):
                yield block.number, block.dropped
            _count(block)
        elif event := decode(raw):
            log.take([event])
            new = log.blocks[-1] if log.blocks else None
            if new and new.number == log.number and any(wanted in text.lower() for text in _texts(new)):
                yield new.number, -1


def _output_contains(raw: bytes, wanted: str, written: str) -> bool:
    """Return whether a line contains the text. `written` is the text as JSON, for lines without escapes."""
    text = raw.decode("utf-8", "replace").lower()
    if written not in text and "\\u" not in text:
        return False
    event = decode(raw)
    return event is not None and event["event"] == "output" and wanted in terminal_line(event["text"]).lower()


def _texts(block: Block) -> list[str]:
    return [block.title, *(text for text, _ in block.lines)]


def _count(block: Block | None) -> None:
    if block is not None:
        block.dropped += 1


def _lines(events_file: Path) -> Iterator[bytes]:
    rest = b""
    with events_file.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
