"""What a command prints, read as it comes: in lines, however long, or in pieces. Nothing of it is collected for a line
end that may never come."""

from __future__ import annotations

import codecs
import os
import selectors
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Protocol

TAIL_LINES = 40
TAIL_CHARACTERS = 4000
LONGEST_WORDS = 4000
"""Of a line that may become part of a sentence for a person."""
LONGEST_LINE = 20_000
"""Characters of a line that somebody follows: of more there is only the number."""
MOST_KEPT = 32 << 20
"""Characters of each stream that are kept where nobody follows the lines: a stranger may print without end."""
CHUNK = 1 << 16
DRAIN = 1.0
"""Seconds for what is left in the pipes; who goes on printing without end is heard no longer."""

OnLine = Callable[[str, str], None]
"""Called with the stream ("stdout" or "stderr") and one line without its line end."""


class Stream(Protocol):
    """One of the two streams of a command."""

    @property
    def text(self) -> str:
        """What is kept of it."""

    def feed(self, text: str) -> None:
        """More of it."""

    def finish(self) -> None:
        """There is no more."""


class Pieces:
    """Passes a stream on as it comes, for a program that prints no lines; keeps its end."""

    def __init__(self, on_text: Callable[[str], None], tail: deque[str]) -> None:
        self._on_text, self._tail = on_text, tail
        self.text = ""

    def feed(self, text: str) -> None:
        self.text = (self.text + text)[-TAIL_CHARACTERS:]
        self._on_text(text)

    def finish(self) -> None:
        self._tail.extend(self.text.splitlines())


class Lines:
    """Passes the lines of a stream on, and keeps the last ones; where nobody follows, it keeps the first MOST_KEPT."""

    def __init__(self, stream: str, on_line: OnLine | None, tail: deque[str]) -> None:
        self._stream, self._on_line, self._tail = stream, on_line, tail
        self._kept: deque[str] = deque(maxlen=TAIL_LINES if on_line else None)
        self._begun: list[str] = []
        self._length = 0
        self._left = MOST_KEPT

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._kept)

    def feed(self, text: str) -> None:
        *ended, rest = text.split("\n")
        for part in ended:
            self._add(part)
            self._end()
        self._add(rest)

    def finish(self) -> None:
        if self._length:
            self._end()

    def _add(self, part: str) -> None:
        room = LONGEST_LINE - self._length if self._on_line else self._left
        if part and room > 0:
            self._begun.append(part[:room])
            self._left -= min(len(part), room)
        self._length += len(part)

    def _end(self) -> None:
        line, length = "".join(self._begun), self._length
        self._begun, self._length = [], 0
        if length > len(line):
            line = f"{line}… ({length - len(line)} more letters)"
        if self._on_line or self._left > 0:
            self._kept.append(line)
            self._left -= 1
        self._tail.append(line[:LONGEST_WORDS])
        if self._on_line:
            self._on_line(self._stream, line)


class Reading:
    """Reads a command's two pipes in a thread of its own, until both are closed.

    `error` is the first that a stream raised, such as a callback on a full disk: the rest is read all the same, so
    that the command is not held up, and passed on to nobody.
    """

    def __init__(self, streams: tuple[Stream, Stream]) -> None:
        self.error: BaseException | None = None
        self._ends: list[int] = []
        self._pipes = selectors.DefaultSelector()
        for stream in streams:
            reading, writing = os.pipe()
            self._ends.append(writing)
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            self._pipes.register(reading, selectors.EVENT_READ, (stream, decoder))
        self._stop, stop = os.pipe()
        self._leave = weakref.finalize(self, os.close, stop)
        self._pipes.register(self._stop, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._read, daemon=True)

    @property
    def ends(self) -> tuple[int, int]:
        """The descriptors that the command writes to: its stdout and its stderr."""
        return self._ends[0], self._ends[1]

    def begin(self) -> None:
        """The command has been started, or never will be: its ends of the pipes are its own now."""
        for end in self._ends:
            os.close(end)
        self._thread.start()

    def finish(self, grace: float) -> None:
        """The command has ended: reads what is left. What it left running may keep the pipes open, and is not waited
        for longer than `grace` seconds."""
        self._thread.join(grace)
        self._leave()
        self._thread.join()

    def _read(self) -> None:
        stopped: float | None = None
        while len(self._pipes.get_map()) > 1:
            ready = [key for key, _ in self._pipes.select()]
            for key in ready:
                if key.fd != self._stop:
                    self._take(key)
            stopped = stopped or (time.monotonic() + DRAIN if any(key.fd == self._stop for key in ready) else None)
            if all(key.fd == self._stop for key in ready) or (stopped and time.monotonic() > stopped):
                break
        for key in list(self._pipes.get_map().values()):
            if key.fd != self._stop:
                self._close(key)
        os.close(self._stop)
        self._pipes.close()

    def _take(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, CHUNK)
        if not chunk:
            self._close(key)
            return
        stream, decoder = key.data
        self._pass_on(lambda: stream.feed(decoder.decode(chunk)))

    def _close(self, key: selectors.SelectorKey) -> None:
        self._pipes.unregister(key.fd)
        os.close(key.fd)
        stream, decoder = key.data
        self._pass_on(lambda: stream.feed(decoder.decode(b"", final=True)))
        self._pass_on(stream.finish)

    def _pass_on(self, what: Callable[[], None]) -> None:
        if self.error is not None:
            return
        try:
            what()
        except BaseException as error:  # noqa: BLE001 — raised again by whoever waits for the command
            self.error = error
