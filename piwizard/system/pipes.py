"""Read the output of a command as it arrives, with limits on what is kept."""

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
MAX_TAIL_LINE_CHARACTERS = 4000
"""For a line that may become part of an error message."""
MAX_LINE_CHARACTERS = 20_000
"""The longest line that a callback receives; of the rest, only the number of characters."""
MAX_KEPT_CHARACTERS = 32 << 20
"""Per stream, if there is no callback: a program may print endless output."""
LINE_OVERHEAD = 64
"""Characters that each kept line counts besides its own, for the memory that a text takes."""
CHUNK_BYTES = 1 << 16
DRAIN_SECONDS = 1.0
"""How long to read what is left in the pipes. Processes that keep printing are ignored after that."""

OnLine = Callable[[str, str], None]
"""Receives the stream ("stdout" or "stderr") and one line without its line feed."""


class Stream(Protocol):
    """One of the two streams of a command."""

    @property
    def text(self) -> str:
        """Return the text that is kept."""

    def feed(self, text: str) -> None:
        """Add text."""

    def finish(self) -> None:
        """Mark the end of the stream."""


class Pieces:
    """A stream that passes text on as it arrives and keeps the end of it.

    For a program that prints no lines.
    """

    def __init__(self, on_text: Callable[[str], None], tail: deque[str]) -> None:
        self._on_text, self._tail = on_text, tail
        self.text = ""

    def feed(self, text: str) -> None:
        self.text = (self.text + text)[-TAIL_CHARACTERS:]
        self._on_text(text)

    def finish(self) -> None:
        self._tail.extend(self.text.splitlines())


class Lines:
    """A stream that passes lines on and keeps the last ones.

    Without a callback, it keeps the first characters.
    """

    def __init__(self, stream: str, on_line: OnLine | None, tail: deque[str]) -> None:
        self._stream, self._on_line, self._tail = stream, on_line, tail
        self._kept: deque[str] = deque(maxlen=TAIL_LINES if on_line else None)
        self._begun: list[str] = []
        self._length = 0
        self._left = MAX_KEPT_CHARACTERS

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
        room = MAX_LINE_CHARACTERS - self._length if self._on_line else self._left
        if part and room > 0:
            self._begun.append(part[:room])
            self._left -= min(len(part), room)
        self._length += len(part)

    def _end(self) -> None:
        line, length = "".join(self._begun), self._length
        self._begun, self._length = [], 0
        if length > len(line):
            line = f"{line}… ({length - len(line)} more characters)"
        if self._on_line or self._left > 0:
            self._kept.append(line)
            self._left -= LINE_OVERHEAD
        self._tail.append(line[:MAX_TAIL_LINE_CHARACTERS])
        if self._on_line:
            self._on_line(self._stream, line)


class PipeReader:
    """A thread that reads the two pipes of a command until both are closed.

    `error` is the first exception that a stream raised, as from a callback on a full disk. The rest of the output is
    still read, so that the command is not blocked, and discarded.
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
        """Return the descriptors that the command writes to: its stdout and its stderr."""
        return self._ends[0], self._ends[1]

    def begin(self) -> None:
        """Start reading, after the command has started or failed to start.

        Close this process's copies of the command's ends.
        """
        for end in self._ends:
            os.close(end)
        self._thread.start()

    def finish(self, grace: float) -> None:
        """Read the rest after the command has exited.

        Processes that it left running may keep the pipes open: wait no longer than `grace` seconds for them.
        """
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
            stopped = stopped or (
                time.monotonic() + DRAIN_SECONDS if any(key.fd == self._stop for key in ready) else None
            )
            if all(key.fd == self._stop for key in ready) or (stopped and time.monotonic() > stopped):
                break
        for key in list(self._pipes.get_map().values()):
            if key.fd != self._stop:
                self._close(key)
        os.close(self._stop)
        self._pipes.close()

    def _take(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, CHUNK_BYTES)
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
        except BaseException as error:  # noqa: BLE001 — the process that waits for the command raises it again
            self.error = error
