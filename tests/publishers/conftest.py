from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import redis
from cryptography.hazmat.primitives import serialization

from services.founding import found, plan
from services.processes import System
from services.provisioning import PUBLISHER, digest_of, publisher_rule
from tests.publishers.samples import AUTHORITY, ORIGIN, SAMPLES, Running
from thidua.clock import WallClock
from thidua.embedded import RedisServer
from thidua.publishing import DoorClient, Publisher
from thidua.signing import Algorithm, SigningKey, possession_proof

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "mat-khau"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("publishers")
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
        door = DoorClient(system.url("door"))
        authority.heads["units"] = door.head(founding.root_kid, "units")
        house = Running(system, folder, authority, door)
        unit = {"unit": "LCA", "name_vi": "Sở VHTTDL Lào Cai", "short_vi": "Lào Cai"}
        unit |= {"kind": "culture-sports-tourism", "province": "LCA", "valid_from": "2015-01-01"}
        house.must("unit-registered", {**unit, "basis": "QĐ 1"})
        house.must("access-granted", {"unit": "LCA", "basis": "QĐ 2"})
        for name in [*(sample.name for sample in SAMPLES), "csharp"]:
            key = SigningKey.generate(Algorithm.ES256)
            (folder / f"{name}.pem").write_bytes(key.to_pem())
            kid = f"LCA/{name}"
            spki = key.verifying_key.spki
            proof = possession_proof(key, ORIGIN, kid)
            registered = {"kid": kid, "owner": "/units/LCA", "alg": "ES256", "spki": spki}
            house.must("key-registered", {**registered, "proof": proof})
        other = SigningKey.generate(Algorithm.EDDSA)
        for file, signer in (("door", founding.services["door"]), ("other-door", other)):
            private = serialization.load_pem_private_key(signer.to_pem(), None)
            public = private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            (folder / f"{file}.pub").write_bytes(public)
        with redis.Redis.from_url(valkey.url) as admin:
            rule = publisher_rule("LCA", digest_of(PASSWORD))
            admin.execute_command("ACL", "SETUSER", f"{PUBLISHER}LCA", *rule.split())
        (folder / "password").write_text(PASSWORD)
        house.environment = {
            "THIDUA_URL": system.url("door"),
            "THIDUA_ORIGIN": ORIGIN,
            "THIDUA_SOURCE": "/units/LCA",
            "THIDUA_DOOR_KEY": str(folder / "door.pub"),
            "THIDUA_REDIS": f"127.0.0.1:{valkey.port}",
            "THIDUA_REDIS_PASSWORD": str(folder / "password"),
        }
        yield house
        door.close()
