"""For what takes its time outside of our hands, such as a neighbour entry that has to expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(what: Callable[[], T], timeout: float = 20.0) -> T:
    """Return what a thing gives once it raises no OSError or AssertionError and is not False; else fail in the end."""
    until = time.monotonic() + timeout
    while True:
        try:
            found = what()
            assert found is not False, f"still False after {timeout} seconds"
            return found
        except (OSError, AssertionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
