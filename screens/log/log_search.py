"""Finds places in a whole record, however long it is, and loads the part around one. Slow: for threads only.

Only lines that may hold what is looked for are decoded; all others are counted, so that a place has the same address
here as among the blocks that are in memory.
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
"""Loaded around a place that was found: of the same command, and of what follows."""
EVENTS_AFTER = 200


def find(record: Path, words: str, here: LogPosition, *, backwards: bool = False) -> LogPosition | None:
    """The next place that holds these words, after `here` or before it, and around the end. Letters count alike."""
    first = last = before = None
    for place in _places(record, words.lower()):
        if place > here and not backwards:
            return place
        first, last = first or place, place
        if place < here:
            before = place
    return before or last if backwards else first


def first_failure(record: Path) -> LogPosition | None:
    """The first check or error of a record that says something failed; or the last line of such a command."""
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
    """The blocks around a place: those before it without their lines, its own lines, and some of what follows."""
    number, _ = place
    log, after = LogBuilder(), 0
    for raw in _lines(record):
        block = log.at_work
        if after > LINES_AFTER or log.number > number + EVENTS_AFTER:
            log.blocks.append(Block("… End shows the end of the record", "dim", foldable=False, number=log.number + 1))
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
    """Every place that holds the words, in order."""
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
    """`written`: the words as they stand in a line in which nothing is escaped."""
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
