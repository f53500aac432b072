"""Search a whole log, however long it is, and load the part around a result. Slow: only for threads.

Only lines that may contain the text are decoded; all others are counted, so that a position means the same here as
in the blocks in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from piwizard.engine.events import decode, is_output
from piwizard.screens.log.log_builder import LogBuilder
from piwizard.screens.log.log_model import Block, LogPosition
from piwizard.system.printable import terminal_line

CHUNK = 1 << 18
LINES_BEFORE, LINES_AFTER = 500, 1000
"""Lines that are loaded around a result: of the same command, and of what follows."""
EVENTS_AFTER = 200


def find(record: Path, query: str, here: LogPosition, *, backwards: bool = False) -> LogPosition | None:
    """Return the next position with this text after `here`, or before it. The search wraps and ignores case."""
    first = last = before = None
    for place in _places(record, query.lower()):
        if place > here and not backwards:
            return place
        first, last = first or place, place
        if place < here:
            before = place
    return before or last if backwards else first


def first_failure(record: Path) -> LogPosition | None:
    """Return the position of the first failed check, error or command; of a command, its last line."""
    log = LogBuilder()
    for raw in _lines(record):
        block = log.at_work
        if is_output(raw):
            _count(block)
        elif event := decode(raw):
            log.take([event])
            if block and block.failed:
                return block.number, block.dropped - 1
            if log.blocks and log.blocks[-1].failed:
                return log.blocks[-1].number, -1
    return None


def part(record: Path, place: LogPosition) -> list[Block]:
    """Return the blocks around a position: those before it without lines, its own lines, and some of what follows."""
    number, _ = place
    log, after = LogBuilder(), 0
    for raw in _lines(record):
        block = log.at_work
        if after > LINES_AFTER or log.number > number + EVENTS_AFTER:
            log.blocks.append(Block("… press End for the end of the log", "dim", foldable=False, number=log.number + 1))
            break
        if is_output(raw):
            if block and (block.number, block.dropped + len(block.lines) + LINES_BEFORE) < place:
                _count(block)
                continue
            after += block is not None and (block.number, block.dropped + len(block.lines)) > place
        if event := decode(raw):
            log.take([event])
    return log.blocks


def _places(record: Path, wanted: str) -> Iterator[LogPosition]:
    """Yield every position that contains the text, in order."""
    written = json.dumps(wanted, ensure_ascii=False)[1:-1]
    log = LogBuilder()
    for raw in _lines(record):
        block = log.at_work
        if is_output(raw):
            if block and _output_holds(raw, wanted, written):
                yield block.number, block.dropped
            _count(block)
        elif event := decode(raw):
            log.take([event])
            new = log.blocks[-1] if log.blocks else None
            if new and new.number == log.number and any(wanted in text.lower() for text in _texts(new)):
                yield new.number, -1


def _output_holds(raw: bytes, wanted: str, written: str) -> bool:
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


def _lines(record: Path) -> Iterator[bytes]:
    rest = b""
    with record.open("rb") as file:
        while chunk := file.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
