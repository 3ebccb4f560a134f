"""Whoever has all rights in Redis can stop the log, but not change it: every manipulation shuts the gate and is named."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from services.reporting.archive import PUBLIC, Archive
from services.reporting.gatekeeper import PATROL, Gatekeeper
from thidua.audit.authentic import Authenticity, NotAuthenticError
from thidua.errors import LogCorruptError
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.audit.copies import Copy

LOG = Names().log
SEALED = 100


@dataclass
class Guarded:
    """A log on a real server, its first hundred entries sealed, and who guards it."""

    client: Any
    entries: list[bytes]
    archive: Archive
    followed: int = 0
    keeper: Gatekeeper = field(init=False)

    def __post_init__(self) -> None:
        self.log = RedisLog(self.client, Names())
        self.keeper = Gatekeeper(self.archive, self.log, {"the projector": lambda: self.followed})

    async def write(self, entries: list[tuple[int, bytes]]) -> None:
        async with self.client.pipeline(transaction=True) as pipe:
            for position, raw in entries:
                pipe.xadd(LOG, {"e": raw}, id=f"{position}-0")
            await pipe.execute()

    async def again(self, entries: list[bytes]) -> None:
        """The log deleted and written again with other entries."""
        await self.client.delete(LOG)
        await self.write(list(enumerate(entries, 1)))

    async def watch(self) -> None:
        """What the archive's process does all the time: seal what comes, check, patrol once around."""
        page = await self.log.read(self.archive.position, 1000)
        numbered = [(entry.position, entry.raw) for entry in page]
        with suppress(NotAuthenticError, LogCorruptError):
            await asyncio.to_thread(self.archive.seal, numbered)
        for _ in range(len(self.entries) // PATROL + 2):
            if await self.keeper.check():
                await self.keeper.patrol()


@pytest.fixture
async def guarded(sealed_year: Copy, redis_url: str, tmp_path: Path) -> AsyncIterator[Guarded]:
    client = new_client(redis_url)
    signer = sealed_year.signer
    archive = Archive(tmp_path / "archive", signer, lambda: Authenticity(signer.name))
    archive.start()
    entries = sealed_year.entries()
    numbered = list(enumerate(entries, 1))
    archive.seal(numbered[:SEALED])
    one = Guarded(client, entries, archive)
    await one.write(numbered)
    assert await one.keeper.check()
    yield one
    archive.stop()
    await client.aclose()


def changed(raw: bytes) -> bytes:
    """An entry with one letter of its signature changed."""
    at = len(raw) - 20
    return raw[:at] + (b"A" if raw[at : at + 1] != b"A" else b"B") + raw[at + 1 :]


async def delete_sealed(g: Guarded) -> None:
    await g.client.xdel(LOG, "50-0")


async def delete_unsealed(g: Guarded) -> None:
    await g.client.xdel(LOG, "150-0")


async def delete_last(g: Guarded) -> None:
    await g.client.xdel(LOG, f"{len(g.entries)}-0")


async def delete_last_and_hide_it(g: Guarded) -> None:
    g.followed = len(g.entries)
    await g.again(g.entries[:-1])


async def trim_unsealed(g: Guarded) -> None:
    await g.client.xtrim(LOG, maxlen=10, approximate=False)


async def delete_all(g: Guarded) -> None:
    await g.client.delete(LOG)


async def forge_sealed(g: Guarded) -> None:
    await g.again([*g.entries[:49], changed(g.entries[49]), *g.entries[50:]])


async def forge_unsealed(g: Guarded) -> None:
    await g.again([*g.entries[:149], changed(g.entries[149]), *g.entries[150:]])


async def leave_out_unsealed(g: Guarded) -> None:
    await g.again([*g.entries[:121], *g.entries[122:]])


async def swap_unsealed(g: Guarded) -> None:
    e = g.entries
    await g.again([*e[:141], e[142], e[141], *e[143:]])


async def say_twice(g: Guarded) -> None:
    await g.again([*g.entries, g.entries[-1]])


async def count_on(g: Guarded) -> None:
    await g.client.execute_command("XSETID", LOG, "500-0")


async def add_behind_a_hole(g: Guarded) -> None:
    await g.write([(500, g.entries[-1])])


async def restore_an_old_dump(g: Guarded) -> None:
    await g.again(g.entries[:80])


@pytest.mark.parametrize(
    ("manipulate", "told"),
    [
        (delete_sealed, "position 50 "),
        (delete_unsealed, "position 150"),
        (delete_last, "was written"),
        (delete_last_and_hide_it, "the projector has followed to"),
        (trim_unsealed, "position 101: expected the next entry"),
        (delete_all, "ends at position 0"),
        (forge_sealed, "position 50 "),
        (forge_unsealed, "position 150"),
        (leave_out_unsealed, "says 3 after 1"),
        (swap_unsealed, "position 142"),
        (say_twice, "says 31 after 31"),
        (count_on, "500 was written"),
        (add_behind_a_hole, "500"),
        (restore_an_old_dump, "ends at position 80"),
    ],
)
async def test_a_manipulated_log_is_shut_and_the_manipulation_named(
    guarded: Guarded, manipulate: Callable[[Guarded], Awaitable[None]], told: str
) -> None:
    await manipulate(guarded)
    await guarded.watch()
    assert not (await guarded.log.gate()).is_open
    gate = guarded.archive.gate()
    assert not gate.is_open
    assert told in f"{gate.reason}"
    sealed = [raw for _, raw in guarded.archive.files().entries()]
    assert set(sealed) <= set(guarded.entries), "what was never said is never sealed"


async def test_an_untouched_log_stays_open(guarded: Guarded) -> None:
    await guarded.watch()
    assert (await guarded.log.gate()).is_open
    assert guarded.archive.position == len(guarded.entries)


async def test_a_stale_copy_of_the_archive_seals_the_same_again_or_keeps_the_gate_shut(
    guarded: Guarded, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(guarded.archive.folder, old)
    await guarded.watch()
    sealed = (guarded.archive.folder / PUBLIC / "checkpoint").read_bytes()
    guarded.archive.stop()
    signer = guarded.archive.signer
    stale = Archive(old, signer, lambda: Authenticity(signer.name))
    stale.start()
    whole = Guarded(guarded.client, guarded.entries, stale)
    await whole.watch()
    assert (old / PUBLIC / "checkpoint").read_bytes() == sealed, "the same, not a fork"
    stale.stop()

    shutil.rmtree(old)
    shutil.copytree(guarded.archive.folder, old)
    young = Archive(tmp_path / "young", signer, lambda: Authenticity(signer.name))
    young.start()
    young.seal(list(enumerate(guarded.entries[:50], 1)))
    await guarded.client.xtrim(LOG, minid="90-0", approximate=False)
    trimmed = Guarded(guarded.client, guarded.entries, young)
    assert not await trimmed.keeper.check()
    assert "begins at position 90" in str(young.gate().reason)
    young.stop()
