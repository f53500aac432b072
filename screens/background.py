"""Run slow work in threads that delay neither the screen nor quitting."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from textual.dom import DOMNode

Result = TypeVar("Result")

SEARCHES_BEFORE_A_FULL_ONE = 100
M_ARENA_MAX = -8
"""As in <malloc.h>."""


def share_malloc_arena() -> None:
    """Let all threads allocate from one arena.

    They take turns in Python anyway, and an arena for each of them costs memory.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def collect_rarely() -> None:
    """Search all objects for garbage less often, since that delays keys.

    New objects are searched as often as before.
    """
    gc.set_threshold(*gc.get_threshold()[:2], SEARCHES_BEFORE_A_FULL_ONE)


def keep_loaded() -> None:
    """Never search what is loaded by now for garbage: modules stay."""
    gc.freeze()


async def run_in_thread(work: Callable[[], Result]) -> Result:
    """Return the result of `work`, from a thread that quitting does not wait for."""
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
        with contextlib.suppress(RuntimeError):  # the loop has ended: the user has quit
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=body, daemon=True).start()
    return await future


class WidgetQueue:
    """Changes of widgets, made one at a time and never cancelled halfway.

    A worker that is cancelled while it mounts or removes widgets would leave them incomplete, and Textual would wait
    for them when the user quits.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` after what was queued before it.

        Cancelling the caller does not cancel the work.
        """
        task = asyncio.create_task(self._locked(work))
        self._tasks.add(task)  # the loop alone would let it be collected
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    async def _locked(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._lock:
            await work


def start_worker(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Start asynchronous work of a widget, in place of earlier work of the group."""
    node.run_worker(work, group=group, exclusive=True)  # type: ignore[arg-type]  # mypy cannot tell Textual's overloads
