"""Slow work in threads that hold nothing up: not the screen, and not the leaving."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from textual.dom import DOMNode

Result = TypeVar("Result")

M_ARENA_MAX = -8
"""As in <malloc.h>."""


def share_malloc_arena() -> None:
    """Lets all threads allocate from one pool. They take turns in Python anyway; a pool for each only costs memory."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


async def aside(work: Callable[[], Result]) -> Result:
    """Does `work` in a thread of its own and gives its result. Whoever leaves does not wait for it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # a result, since there is no error

    def body() -> None:
        result: Result | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 — raised again where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended: somebody has left
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=body, daemon=True).start()
    return await future


class Turns:
    """Work on widgets, one piece after the other, each to its end: a worker that is cut off while it waits for widgets
    to come or go would leave them half made, and Textual waiting for them when somebody leaves."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._kept: set[asyncio.Task[None]] = set()

    async def take(self, work: Coroutine[Any, Any, None]) -> None:
        """Does `work` when its turn has come. Whoever waits for it may be cut off; it is done all the same."""
        task = asyncio.create_task(self._alone(work))
        self._kept.add(task)  # the loop alone would let it be collected
        task.add_done_callback(self._kept.discard)
        await asyncio.shield(task)

    async def _alone(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._one:
            await work


def begin(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Begins asynchronous work that belongs to a widget; what was begun before in this group counts no more."""
    node.run_worker(work, group=group, exclusive=True)  # type: ignore[arg-type]  # mypy cannot tell Textual's overloads
