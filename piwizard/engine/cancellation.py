"""Handle the request to stop a run.

It is followed at once where that is safe, otherwise as soon as it is.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class Stopped(BaseException):
    """The user asked the run to stop.

    It is no Exception, so that no handler treats it as a failure.
    """


class Cancellation:
    """A context in which SIGTERM raises Stopped.

    Outside of it, the signal is kept until the next one is entered.

    So the code that records how a run ended is never interrupted.
    """

    def __init__(self) -> None:
        self.requested = False
        self._at_once = False

    def listen(self) -> None:
        """Handle SIGTERM as the request to stop. Call it from the main thread only."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def raise_if_requested(self) -> None:
        """Raise Stopped if the user has already asked to stop."""
        if self.requested:
            raise Stopped

    def __enter__(self) -> None:
        self._at_once = True
        if self.requested:
            self._at_once = False
            raise Stopped

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at_once = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._at_once:
            self._at_once = False
            raise Stopped
