"""
What Redis keeps that no archive can give back, taken at one moment and put back into an empty Redis.

The log's last entries that are not sealed yet, what waits to be judged with its arrivals, publishers' own streams as
far as they are not drained, receipts and answers, the erasable bytes of events refused for their form, and clocks.
Heads, chains and ids follow from the log and are built anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.backup.manifest import BackupFaultError
from thidua.contracts import SERVICES
from thidua.errors import LogCorruptError
from thidua.log.names import order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.log.redis_log import RedisLog

FILE: Final = "redis.json"
Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}-[0-9]{1,20}$")]
Service = Annotated[str, Field(pattern=rf"^({'|'.join(SERVICES)})$")]


class _Kept(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class Waiting(_Kept):
    """An event in an inbox: when it arrived, and its bytes."""

    rx_ms: Annotated[int, Field(ge=0)]
    jws: bytes


class Line(_Kept):
    """An entry of a stream."""

    id: Id
    fields: dict[str, bytes]


class Beyond(_Kept):
    """All of it; ``entries`` are those after the archive's last, ``incoming`` and ``receipts`` go by publisher."""

    entries: list[bytes]
    waiting: dict[Service, list[Waiting]]
    incoming: dict[str, list[Line]]
    receipts: dict[str, list[Line]]
    answers: list[Line]
    said: dict[Annotated[int, Field(ge=1)], bytes]
    clock: dict[str, Annotated[int, Field(ge=0)]]

    @property
    def unjudged(self) -> int:
        """How many events wait to be judged."""
        return sum(map(len, self.waiting.values()))


def read_beyond(raw: bytes) -> Beyond:
    """What was written down; raises :class:`BackupFaultError` for everything else."""
    try:
        return Beyond.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackupFaultError(
            f"{FILE} {place}".rstrip(), "what Redis kept beyond the archive", first["msg"]
        ) from None


async def take_beyond(log: RedisLog, sealed: int) -> Beyond:
    """What stands in Redis beyond the first *sealed* entries, all of one moment."""
    names, client = log.names, log.client
    publishers = [await _named(log, names.incoming("")), await _named(log, names.receipts(""))]
    async with client.pipeline(transaction=True) as pipe:
        pipe.xrange(names.log, min=f"{sealed + 1}-0")
        for service in SERVICES:
            pipe.xrange(names.inbox(service))
        for publisher in publishers[0]:
            pipe.xrange(names.incoming(publisher))
        for publisher in publishers[1]:
            pipe.xrange(names.receipts(publisher))
        pipe.xrange(names.answers)
        pipe.hgetall(names.said)
        pipe.hgetall(names.clock)
        pipe.hgetall(names.offsets)
        told = iter(await pipe.execute())
    entries = _dense(next(told), sealed)
    inboxes = {service: next(told) for service in SERVICES}
    incoming = {publisher: next(told) for publisher in publishers[0]}
    receipts = {publisher: _lines(next(told)) for publisher in publishers[1]}
    answers, said, clock, offsets = _lines(next(told)), next(told), next(told), next(told)
    return Beyond(
        entries=entries,
        waiting={
            service: [
                # Wake-ups come again by themselves, and nobody waits for a dry run any more.
                Waiting(rx_ms=int(fields[b"rx"]), jws=fields[b"jws"])
                for _, fields in _after(page, offsets.get(f"inbox:{service}".encode()))
                if b"jws" in fields
            ]
            for service, page in inboxes.items()
        },
        incoming={
            publisher: _lines(_after(page, offsets.get(f"in:{publisher}".encode())))
            for publisher, page in incoming.items()
        },
        receipts=receipts,
        answers=answers,
        said={int(at): raw for at, raw in said.items()},
        clock={name.decode(): int(at) for name, at in clock.items()},
    )


async def put_beyond(log: RedisLog, beyond: Beyond) -> None:
    """
    Put back what stands beside the log, before the log itself is written.

    Publishers' streams begin anew with what was not drained: their offsets are not set, and no event enters twice.
    """
    names = log.names
    async with log.client.pipeline(transaction=True) as pipe:
        for publisher, lines in beyond.incoming.items():
            _add(pipe, names.incoming(publisher), lines)
        for publisher, lines in beyond.receipts.items():
            _add(pipe, names.receipts(publisher), lines)
        _add(pipe, names.answers, beyond.answers)
        if beyond.said:
            pipe.hset(names.said, mapping={str(at): raw for at, raw in beyond.said.items()})
        if beyond.clock:
            pipe.hset(names.clock, mapping={name: str(at) for name, at in beyond.clock.items()})
        await pipe.execute()


async def put_waiting(log: RedisLog, beyond: Beyond) -> None:
    """Put what waited back into the inboxes of the restored log, in its order and with its arrivals."""
    names = log.names
    async with log.client.pipeline(transaction=True) as pipe:
        for service, waiting in beyond.waiting.items():
            done, _ = order(await log.offset(service))
            for number, one in enumerate(waiting, done + 1):
                fields: dict[Any, Any] = {"rx": str(one.rx_ms), "jws": one.jws}
                pipe.xadd(names.inbox(service), fields, id=f"{number}-0")
            pipe.hset(names.offsets, f"last:{service}", str(done + len(waiting)))
        await pipe.execute()


async def _named(log: RedisLog, beginning: str) -> list[str]:
    """The rest of the names of all keys that begin so."""
    found = [
        name.decode() async for name in log.client.scan_iter(match=f"{beginning}*", count=1000)
    ]
    return sorted({name.removeprefix(beginning) for name in found})


def _dense(page: list[Any], sealed: int) -> list[bytes]:
    for position, (name, fields) in enumerate(page, sealed + 1):
        if name != f"{position}-0".encode() or b"e" not in fields:
            raise LogCorruptError(position, "the next entry", name.decode())
    return [fields[b"e"] for _, fields in page]


def _after(page: list[Any], offset: bytes | None) -> list[Any]:
    done = order((offset or b"0-0").decode())
    return [(name, fields) for name, fields in page if order(name.decode()) > done]


def _lines(page: Iterable[Any]) -> list[Line]:
    return [
        Line(
            id=name.decode(),
            fields={key.decode(errors="replace"): value for key, value in fields.items()},
        )
        for name, fields in page
    ]


def _add(pipe: Any, stream: str, lines: Iterable[Line]) -> None:
    for line in lines:
        pipe.xadd(stream, dict(line.fields), id=line.id)
