from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.founding import kept_key
from tests.units.door.house import House, a_house, settle_a_year
from tests.units.evidence.sender import Sender
from thidua.signing import Algorithm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STUB = """
import pathlib, sys, time
content = open(sys.argv[1], "rb").read()
if b"HOLD-ON" in content and not pathlib.Path(__file__).with_name("go").exists():
    sys.exit(2)
sys.exit(1 if b"EICAR-STANDARD" in content else 0)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A sandbox in the middle of a year whose door takes evidence; its scanner can be made to wait."""
    folder = tmp_path_factory.mktemp("evidence")
    stub = folder / "stub.py"
    stub.write_text(STUB, encoding="utf-8")
    key = kept_key(folder / "keys" / "door.pem", Algorithm.EDDSA)
    async with a_house(
        folder,
        origin="sandbox/three-2023",
        judges=("units", "ballots", "pledges"),
        evidence_folder=folder / "evidence",
        evidence_scan=f"{sys.executable} {stub}",
        evidence_max_file=2_000_000,
        evidence_quota=9_000_000,
        signing_key=SecretStr(key.to_pem().decode()),
    ) as house:
        await settle_a_year(house)
        yield house


@pytest.fixture
def sender(house: House) -> Sender:
    """A member's own uploads."""
    return Sender(house, "SOA")
