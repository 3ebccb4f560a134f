"""What the store holds is said in the log: once for each unit's file, whatever is killed or stopped in between."""

from __future__ import annotations

import hashlib
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from services.sandbox import JUDGES
from services.units.door_app import DoorSettings, create_app
from services.units.evidence.store import FolderStore, Use
from tests.units.door.house import CYCLE, House, alive, until
from tests.units.evidence.conftest import store_settings
from tests.units.evidence.files import pdf
from tests.units.evidence.sender import STORED, Sender
from thidua.audit.rejudging import Rejudging
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def said(house: House) -> list[tuple[bool, dict[str, Any]]]:
    """Every ``evidence-stored`` of the log, and whether it stands."""
    found = []
    for entry in await house.entries():
        if entry.jws is not None:
            payload = json.loads(parse_jws(entry.jws).payload)
            if payload["type"] == STORED:
                found.append((entry.is_recorded, payload))
    return found


async def said_of(house: House, sha256: str) -> list[tuple[bool, str, str]]:
    """Unit and cycle of each event about a file."""
    return [
        (stands, payload["data"]["unit"], payload["subject"])
        for stands, payload in await said(house)
        if payload["data"]["evidence"]["sha256"] == sha256
    ]


def another_door(house: House, folder: Path) -> AbstractAsyncContextManager[None]:
    """A second replica over the same log and store, as after a restart."""
    settings = DoorSettings(
        origin=house.founding.origin,
        redis_url=SecretStr(house.server.url),
        **store_settings(folder),
    )
    return alive(create_app(settings))


def kept(folder: Path, content: bytes, subject: str = CYCLE, unit: str = "SOA") -> str:
    """A file in the store of which the log has not heard: a kill came between the two."""
    sha256 = hashlib.sha256(content).hexdigest()
    source = folder / sha256
    source.write_bytes(content)
    store = FolderStore(folder / "evidence")
    store.put(sha256, source)
    store.note(Use(1_700_000_000_000, sha256, subject, unit, len(content), "pdf", "x.pdf"))
    return sha256


async def test_each_units_use_of_the_same_file_is_said_once_without_its_name(house: House) -> None:
    content = pdf(4000, "shared")
    for unit in ("SOA", "SOB", "SOA"):
        sender = Sender(house, unit)
        begun = await sender.begin(content, name="Nguyễn Văn A.pdf")
        place = begun.headers["location"]
        if await sender.offset(place, content) == 0:
            assert (await sender.part(place, content, 0)).status_code == 204
        await sender.becomes(place, content, "recorded")
    sha256 = hashlib.sha256(content).hexdigest()
    assert await said_of(house, sha256) == [(True, "SOA", CYCLE), (True, "SOB", CYCLE)]
    for _, payload in await said(house):
        assert payload["source"] == "/services/door"
        assert "Nguyễn" not in json.dumps(payload, ensure_ascii=False)
        assert payload["data"]["evidence"]["name"].endswith(".pdf")


async def test_who_knows_only_the_hash_of_anothers_file_must_send_its_bytes(house: House) -> None:
    content = pdf(4100, "secret")
    owner = Sender(house, "SOA")
    _, place = await owner.put(content)
    await owner.becomes(place, content, "recorded")
    other = Sender(house, "SOB")
    begun = await other.begin(content)
    assert await other.offset(begun.headers["location"], content) == 0


async def test_a_file_waits_for_a_scanner_that_gives_no_verdict_and_nobody_sees_it(
    house: House, folder: Path
) -> None:
    content = pdf(4200, "HOLD-ON")
    sha256 = hashlib.sha256(content).hexdigest()
    sender = Sender(house, "SOA")
    answer, place = await sender.put(content)
    assert answer.status_code == 204

    async def waits() -> bool:
        told = await house.http.get(place, headers=sender.said(content))
        return told.json()["state"] == "scanning" and told.json()["waits"] is not None

    await until(waits, "the scanner was not asked")
    assert (await house.http.head(f"/v1/evidence/{sha256}")).status_code == 404
    assert await said_of(house, sha256) == []
    (folder / "go").touch()
    await sender.becomes(place, content, "recorded")


async def test_a_door_that_starts_says_what_the_store_holds_and_the_log_has_not_heard(
    house: House, folder: Path
) -> None:
    sha256 = kept(folder, pdf(4300, "killed"))
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(another_door(house, folder))

        async def heard() -> bool:
            return bool(await said_of(house, sha256))

        await until(heard, "nobody told the log")
        later = kept(folder, pdf(4301, "later"))
        async with another_door(house, folder):

            async def heard_later() -> bool:
                return bool(await said_of(house, later))

            await until(heard_later, "nobody told the log of the later one")
    assert await said_of(house, sha256) == [(True, "SOA", CYCLE)]
    assert await said_of(house, later) == [(True, "SOA", CYCLE)]


async def test_what_the_log_refuses_is_not_said_again_at_every_start(
    house: House, folder: Path
) -> None:
    nowhere = "BNV/KHOI-3/1999"
    sha256 = kept(folder, pdf(4400, "refused"), subject=nowhere)
    for n in range(2):
        probe = kept(folder, pdf(4401 + n, "probe"))
        async with another_door(house, folder):

            async def heard(probe: str = probe) -> bool:
                return bool(await said_of(house, probe))

            await until(heard, "the store fell silent")
    assert await said_of(house, sha256) == [(False, "SOA", nowhere)]


async def test_an_auditor_comes_to_the_same_log(house: House) -> None:
    entries = await house.entries()
    root = house.founding.root.verifying_key.spki
    again = Rejudging(JUDGES, origin=house.founding.origin, root_spki=root).run(entries)
    assert again.recorded + again.own + again.refused == len(entries)
