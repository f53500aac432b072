"""Signals at the one moment where what their handlers raise would be lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HELD_BACK = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def held_back() -> Iterator[list[int]]:
    """Gives the numbers of the signals that came meanwhile: the caller sends those again when it is ready for them.

    For a fork: Python calls hooks there and passes over what is raised in them, so that a wish to stop would be
    forgotten, and a lock of theirs held for ever. Signals that nobody handles act as always, and in other threads
    than the main one no handler is called.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    handled = {number: handler for number in HELD_BACK if callable(handler := signal.getsignal(number))}
    for number in handled:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
