"""The wish that a run shall end: carried out at once where that is safe, as soon as it is safe elsewhere."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class Stopped(BaseException):
    """Somebody asked the run to end. Not an Exception, so that no handler on the way takes it for a failure."""


class Cancellation:
    """As a context: inside of it a SIGTERM raises Stopped; outside it is remembered until the next one begins.

    So what writes down how a run ended is never cut off itself.
    """

    def __init__(self) -> None:
        self.asked = False
        self._at_once = False

    def listen(self) -> None:
        """Takes SIGTERM for the wish. Only the main thread may call this."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def look(self) -> None:
        """Raises Stopped where somebody asked already."""
        if self.asked:
            raise Stopped

    def __enter__(self) -> None:
        self._at_once = True
        if self.asked:
            self._at_once = False
            raise Stopped

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at_once = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self._at_once:
            self._at_once = False
            raise Stopped
