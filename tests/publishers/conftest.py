from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from cryptography.hazmat.primitives import serialization

from services.provisioning import PUBLISHER, digest_of, publisher_rule
from tests.publishers.samples import SAMPLES, Running
from tests.system.one_unit import ORIGIN, one_unit
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "mat-khau"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("publishers")
    with one_unit(folder, Running) as house:
        house.must("access-granted", {"unit": "LCA", "basis": "QĐ 2"})
        for name in [*(sample.name for sample in SAMPLES), "csharp"]:
            house.register(f"LCA/{name}", f"{name}.pem")
        other = SigningKey.generate(Algorithm.EDDSA)
        for file, signer in (("door", house.founding.services["door"]), ("other-door", other)):
            private = serialization.load_pem_private_key(signer.to_pem(), None)
            public = private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            (folder / f"{file}.pub").write_bytes(public)
        with redis.Redis.from_url(house.system.redis_url) as admin:
            rule = publisher_rule("LCA", digest_of(PASSWORD))
            admin.execute_command("ACL", "SETUSER", f"{PUBLISHER}LCA", *rule.split())
        (folder / "password").write_text(PASSWORD)
        house.environment = {
            "THIDUA_URL": house.system.url("door"),
            "THIDUA_ORIGIN": ORIGIN,
            "THIDUA_SOURCE": "/units/LCA",
            "THIDUA_DOOR_KEY": str(folder / "door.pub"),
            "THIDUA_REDIS": f"127.0.0.1:{house.system.valkey.port}",
            "THIDUA_REDIS_PASSWORD": str(folder / "password"),
        }
        yield house
