"""Leaving in time: a process that was told to stop is gone eight seconds later, whatever it still waits for."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

log = structlog.get_logger(__name__)

STOP_SECONDS: Final = 8.0
"""Within which a process that is told to stop has left; requests, then followers, have three seconds each of them."""
REQUESTS_SECONDS: Final = 3
LAST_SECONDS: Final = STOP_SECONDS - 0.5
NOT_IN_TIME: Final = 70
"""The exit code of a process that left although something in it still waited."""


class Server(uvicorn.Server):
    """
    uvicorn, and two promises more once it is told to stop.

    Requests that wait for something to happen are answered at once (the app's ``state.leave``). And when the process has
    not ended by itself in time it says in its log what it still waits for, and goes: every append is one step in the store
    and every file is put in its place whole, so that whoever starts next finds nothing half done.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave."""
        if not self.should_exit:
            loop = asyncio.get_running_loop()
            last = threading.Timer(LAST_SECONDS, _leave_now, (loop,))
            last.daemon = True
            last.start()
            leave = getattr(getattr(self.config.app, "state", None), "leave", None)
            if leave is not None:
                loop.call_soon_threadsafe(leave)
        super().handle_exit(sig, frame)


def _leave_now(loop: asyncio.AbstractEventLoop) -> None:
    log.error("not_stopped_in_time", seconds=LAST_SECONDS, waiting=sorted(waiting(loop)))
    os._exit(NOT_IN_TIME)


def waiting(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """Per task of *loop* where it waits, the innermost place last."""
    for task in asyncio.all_tasks(loop):
        yield f"{task.get_name()}: {' > '.join(_places(task.get_coro()))}"


def _places(awaited: Any) -> Iterator[str]:
    """The functions that wait for one another, with line numbers, as far as Python can tell."""
    while awaited is not None:
        kind = next(
            (kind for kind in ("cr", "ag", "gi") if hasattr(awaited, f"{kind}_frame")), None
        )
        if kind is None:
            # A step of an asynchronous generator, such as a lifespan: Python names its generator to the collector alone.
            steps = gc.get_referents(awaited)
            awaited = next((one for one in steps if hasattr(one, "ag_frame")), None)
            continue
        frame = getattr(awaited, f"{kind}_frame")
        if frame is not None:
            yield f"{frame.f_code.co_qualname}:{frame.f_lineno}"
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
