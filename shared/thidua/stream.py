"""
All that FastStream must be told: a broker for plain entries, and followers of one stream in order.

FastStream 0.7.8 reads a stream without a group from a position kept in memory, moves it before the
handler runs, and goes on after an error; so every follower here names where it really is
(``position``) and is put back there when its handler fails. ``last_id`` and ``running`` are public
attributes of its subscribers; tests/shared/test_stream.py holds them to what is said here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import structlog
from faststream import Context
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import RedisBatchStreamMessage
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from thidua.errors import RetryError, StopError
from thidua.log.names import order
from thidua.observe import in_trace

if TYPE_CHECKING:
    from faststream.redis.subscriber.usecases.stream_subscriber import StreamBatchSubscriber

log = structlog.get_logger(__name__)

RawEntry = tuple[str, dict[bytes, bytes]]
"""A stream entry as Redis gives it: its id and its fields."""
Take = Callable[[list[RawEntry]], Awaitable[None]]

POLL_MS = 1000
BACK_OFF = (0.05, 0.2, 0.5, 1.0, 2.0)
GRACE_SECONDS = 3.0
"""So long a broker that stops waits for batches in work; a process has eight seconds for all of its end."""
AWAY = "Redis does not answer"
NOT_RUNNING = "a follower does not run"
TRACEPARENT = b"traceparent"
"""The field beside an event that names its trace."""
FOLLOW = "follow"
"""What a follower is called in the AsyncAPI document when its process has one for a stream."""


def new_broker(url: str, name: str) -> RedisBroker:
    """A broker for followers; it publishes nothing and logs through structlog alone."""
    return RedisBroker(
        url,
        logger=None,  # type: ignore[arg-type]  # None is how FastStream is told to log nothing
        graceful_timeout=GRACE_SECONDS,
        client_name=f"thidua-{name}",
    )


def new_client(url: str) -> Redis:
    """
    A client for the log's scripts and reads.

    It never repeats a command by itself: whether a lost reply may be asked for again is the caller's to know.
    """
    return Redis.from_url(
        url, retry=Retry(NoBackoff(), 0), socket_timeout=10, socket_connect_timeout=5
    )


class Follower:
    """
    One stream, in order, without a group; whoever takes the entries keeps the position.

    ``take`` gets batches of at most *most* entries. When it raises, the same entries come again, after
    a growing pause. A ``StopError`` halts the follower: it stays up, takes nothing more, and ``halted``
    says why. ``beats`` counts the batches taken, as proof that the loop runs. *who* names the follower
    in the AsyncAPI document where a process has several for one stream. A *bell* is rung by an entry
    and takes what follows by itself: it always goes on from its position.
    """

    def __init__(
        self,
        broker: RedisBroker,
        stream: str,
        take: Take,
        position: Callable[[], str],
        *,
        most: int = 100,
        who: str = FOLLOW,
        bell: bool = False,
    ) -> None:
        self.stream = stream
        self.halted: str | None = None
        self.beats = 0
        self._take = take
        self._position = position
        self._bell = bell
        self._failures = 0
        self._fault: str | None = None
        self._failed_to = "0-0"
        self.subscriber: StreamBatchSubscriber = broker.subscriber(
            stream=StreamSub(
                stream,
                last_id="0-0",
                batch=True,
                max_records=most,
                polling_interval=POLL_MS,
                no_ack=True,
            ),
            parser=self._parse,
            no_reply=True,
            title=f"{who}:{stream}",
            description="Plain stream entries, read in order without a consumer group.",
        )

        async def handle(message: RedisBatchStreamMessage = Context("message")) -> None:  # noqa: B008 - FastStream's way
            await self._handle(message.raw_message)

        self.subscriber(handle)

    @property
    def running(self) -> bool:
        """Whether the follower still reads."""
        return bool(self.subscriber.running) and self.halted is None

    @property
    def failing(self) -> str | None:
        """
        Why the last batch was not taken, until it is.

        Another replica may take it, and then perhaps nothing more comes for a long time: the position says so.
        """
        if self._fault is None or order(self._position()) >= order(self._failed_to):
            return None
        return self._fault

    def rewind(self) -> None:
        """Go back to the position that was really taken."""
        self.subscriber.last_id = self._position()

    async def _parse(self, raw: Any, _original: Any) -> RedisBatchStreamMessage:
        last = raw["message_ids"][-1].decode()
        return RedisBatchStreamMessage(
            raw,
            b"",
            consumer=self.subscriber.parser.consumer,
            group=None,
            message_id=last,
            correlation_id=last,
        )

    async def _handle(self, raw: Any) -> None:
        if self.halted is not None:
            await asyncio.sleep(BACK_OFF[-1])
            self.rewind()
            return
        entries = [
            (name.decode(), fields)
            for name, fields in zip(raw["message_ids"], raw["data"], strict=True)
        ]
        with in_trace(_trace_of(entries)):
            await self._hand_over(entries)

    async def _hand_over(self, entries: list[RawEntry]) -> None:
        try:
            await self._take(entries)
        except StopError as error:
            self.halted = str(error)
            self.rewind()
            log.critical(
                "follower_halted", stream=self.stream, reason=str(error), remedy=error.diagnostics()
            )
        except (RetryError, RedisError, OSError) as error:
            self._fault = str(error)
            self._failed_to = entries[-1][0]
            pause = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
            self._failures += 1
            log.warning(
                "follower_retries",
                stream=self.stream,
                error=type(error).__name__,
                reason=str(error),
                pause=pause,
            )
            await asyncio.sleep(pause)
            self.rewind()
        except Exception as error:
            self.halted = f"{type(error).__name__}: {error}"
            self.rewind()
            log.exception("follower_failed", stream=self.stream)
        else:
            self._fault = None
            self._failures = 0
            self.beats += 1
            if self._bell:
                self.rewind()


def _trace_of(entries: list[RawEntry]) -> str | None:
    """The trace of a batch of one."""
    return next(iter(traces_of(entries).values()), None) if len(entries) == 1 else None


def traces_of(entries: list[RawEntry]) -> dict[str, str]:
    """By their ids, the traces that stand beside entries."""
    return {
        name: fields[TRACEPARENT].decode("ascii", "replace")
        for name, fields in entries
        if TRACEPARENT in fields
    }


async def wait_for_redis(client: Redis, *, seconds: float = 60.0) -> None:
    """Return when Redis answers; an ASGI app that starts without it would stay deaf for ever."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                await client.ping()
            except (RedisError, OSError):
                await asyncio.sleep(0.2)
            else:
                return
