"""A bad line: a TCP proxy that delays, drops, resets and doubles what goes through it, by a seed."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from thidua.embedded import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK: Final = 65_536
LONGEST_DELAY: Final = 0.2
SILENCE: Final = 0.8
"""Seconds after which a dropped connection, of which nothing more is heard, is closed."""
RESET: Final = struct.pack("ii", 1, 0)
UP: Final = ("pass",) * 28 + ("delay", "delay", "drop", "reset", "half")
DOWN: Final = ("pass",) * 28 + ("delay", "delay", "drop", "reset", "half")


class Line:
    """
    Everything a client sends goes to ``target`` and comes back, or does not.

    Per chunk: passed, passed late, dropped (silence, then closed), reset before or in the middle. One
    connection in four is doubled: what went up is sent once more on a connection of its own.
    """

    def __init__(self, target: int, seed: int) -> None:
        self.target = target
        self.port = free_port()
        self.bad = True
        self.did: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where the client connects."""
        return f"http://{LOOPBACK}:{self.port}"

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connection, LOOPBACK, self.port)
        started.set()
        await stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        sent = bytearray()
        upstream: asyncio.StreamWriter | None = None
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                down, upstream = await asyncio.open_connection(LOOPBACK, self.target)
                ways = [
                    asyncio.create_task(self._copy(reader, upstream, UP, sent)),
                    asyncio.create_task(self._copy(down, writer, DOWN, None)),
                ]
                _, going = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in going:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
            if self.bad and sent and self._chance.random() < 0.25:
                await self._again(bytes(sent))
        except asyncio.CancelledError:
            pass
        finally:
            for one in (writer, upstream):
                if one is not None:
                    await _close(one)
            self._tasks.discard(task)

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ways: tuple[str, ...],
        sent: bytearray | None,
    ) -> None:
        while chunk := await reader.read(CHUNK):
            way = self._chance.choice(ways) if self.bad else "pass"
            self.did[way] += 1
            if way == "delay":
                await _silence(self._chance.random() * LONGEST_DELAY)
            if way == "drop":
                await _silence(SILENCE)
                return
            if way == "half":
                chunk = chunk[: len(chunk) // 2]
            if way != "reset":
                writer.write(chunk)
                await writer.drain()
                if sent is not None:
                    sent += chunk
            if way in ("reset", "half"):
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return

    async def _again(self, sent: bytes) -> None:
        with suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection(LOOPBACK, self.target)
            self.did["double"] += 1
            try:
                writer.write(sent)
                await writer.drain()
                async with asyncio.timeout(SILENCE):
                    await reader.read(CHUNK)
            finally:
                await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def _silence(seconds: float) -> None:
    """Let time pass on the line: it is what the line does, nobody waits for anything here."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


@contextmanager
def bad_line(target: int, seed: int) -> Iterator[Line]:
    """A line to a port of this machine, in a thread of its own."""
    line = Line(target, seed)
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(line.serve(started, stop),), daemon=True
    )
    thread.start()
    assert started.wait(10)
    try:
        yield line
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
