"""The border of a deciding service: what it knows after a reply was lost, and when it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from services.units.domain import JUDGE
from thidua.drafting import Signer
from thidua.judging import Judging
from thidua.log import Admission, Admitted, Names
from thidua.log.memory import MemoryLog
from thidua.log.redis_log import RedisLog
from thidua.serving import Deciding
from thidua.signing import Algorithm, SigningKey
from thidua.stream import new_client

if TYPE_CHECKING:
    from thidua.log import AppendAnswer, AppendRequest

ORIGIN = "sandbox/test"


class LosingReplies(MemoryLog):
    """A log that writes and then does not answer."""

    async def append(self, request: AppendRequest) -> AppendAnswer:
        await super().append(request)
        raise RedisConnectionError("reset")


async def test_after_a_lost_reply_a_service_finds_out_that_its_append_was_written() -> None:
    log = LosingReplies(opened_for="memory-1")
    signer = Signer("units", ORIGIN, SigningKey.generate(Algorithm.EDDSA))
    judging = Judging(JUDGE, log, signer, sandbox=True)
    deciding = Deciding(judging)
    await deciding.start()
    stale = Admission("units", "BVHTTDL/BGPB/2020", "wake", b"BVHTTDL/BGPB/2020", 0)
    admitted = await log.admit([stale], sandbox=True)
    assert isinstance(admitted, Admitted)
    [place] = admitted.places

    with pytest.raises(RedisConnectionError):
        await deciding.from_inbox([(str(place), {b"rx": b"0", b"wake": b"BVHTTDL/BGPB/2020"})])
    assert judging.offset == "0-0"

    await deciding.tick()
    assert judging.offset == place


async def test_a_log_says_why_it_is_closed_to_who_has_followed_it(redis_url: str) -> None:
    client = new_client(redis_url)
    try:
        log = RedisLog(client, Names())
        assert await log.why_closed(0) == "the gate is closed"
        await log.open_gate((await log.gate()).run_id)
        assert await log.why_closed(0) is None
        assert await log.why_closed(7) == ("the log ends at position 0, but was followed to 7")
    finally:
        await client.aclose()
