"""For what takes its time outside of our hands, such as a neighbour entry that has to expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(what: Callable[[], T], timeout: float = 20.0) -> T:
    """What a thing gives once it stops raising OSError or AssertionError; its last error after `timeout`."""
    until = time.monotonic() + timeout
    while True:
        try:
            return what()
        except (OSError, AssertionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
