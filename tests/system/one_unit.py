"""A real log with a door, the units service and one unit, for programs and commands that are run beside it."""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from services.founding import found, plan
from services.processes import System
from thidua.clock import WallClock
from thidua.embedded import RedisServer
from thidua.publishing import DoorClient, Publisher
from thidua.signing import Algorithm, SigningKey, possession_proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thidua.genesis import Founding

ORIGIN: Final = "so.example.vn/p0"
AUTHORITY: Final = "BVHTTDL"


@dataclass
class OneUnit:
    """The log's processes, its authority, and the unit LCA, whose keys are files of *folder*."""

    system: System
    founding: Founding
    folder: Path
    authority: Publisher
    door: DoorClient

    def must(self, name: str, data: dict[str, Any]) -> None:
        """The authority says something that is recorded."""
        wire_type = f"thidua.units.{name}.v1"
        jws = self.authority.sign(wire_type, AUTHORITY, data)
        reply = self.door.send(jws)
        assert reply.outcome == "recorded", reply.document
        self.authority.entered(wire_type, jws)

    def register(self, kid: str, name: str) -> None:
        """A new key of LCA's, in the file *name*."""
        key = SigningKey.generate(Algorithm.ES256)
        (self.folder / name).write_bytes(key.to_pem())
        registered = {"kid": kid, "owner": "/units/LCA", "alg": "ES256"}
        registered |= {"spki": key.verifying_key.spki, "proof": possession_proof(key, ORIGIN, kid)}
        self.must("key-registered", registered)


T = TypeVar("T", bound=OneUnit)


@contextmanager
def one_unit(folder: Path, kind: type[T]) -> Iterator[T]:
    """A running log with LCA registered, as a *kind*; it is stopped in the end."""
    founding = plan(
        folder,
        origin=ORIGIN,
        authority=AUTHORITY,
        name_vi="Bộ Văn hóa, Thể thao và Du lịch",
        name_en=None,
        rx_ms=WallClock().now_ms(),
    )
    valkey = RedisServer(folder / "redis")
    valkey.start()
    environment = {"THIDUA_ORIGIN": ORIGIN, "THIDUA_REDIS_URL": valkey.url}
    with System(folder, environment, valkey) as system:
        asyncio.run(found(founding, valkey.url))
        system.start("door", "units")
        authority = Publisher(ORIGIN, f"/authorities/{AUTHORITY}", founding.root_kid, founding.root)
        with closing(DoorClient(system.url("door"))) as door:
            authority.heads["units"] = door.head(founding.root_kid, "units")
            one = kind(system, founding, folder, authority, door)
            unit = {"unit": "LCA", "name_vi": "Sở VHTTDL Lào Cai", "short_vi": "Lào Cai"}
            unit |= {"kind": "culture-sports-tourism", "province": "LCA", "basis": "QĐ 1"}
            one.must("unit-registered", {**unit, "valid_from": "2015-01-01"})
            yield one
