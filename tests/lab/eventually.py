"""Wait for what the test cannot speed up, such as an expiring ARP entry."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(what: Callable[[], T], timeout: float = 60.0) -> T:
    """Return the first result that is not False; retry on OSError and AssertionError."""
    until = time.monotonic() + timeout
    while True:
        began = time.monotonic()
        try:
            found = what()
            assert found is not False, f"still False after {timeout} seconds"
            return found
        except (OSError, AssertionError):
            if time.monotonic() > until:
                raise
            # As long as it took: a command that is asked without a pause takes the processor from what it waits for.
            time.sleep(max(0.05, time.monotonic() - began))
