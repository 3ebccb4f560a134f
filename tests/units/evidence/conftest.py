from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def store_settings(folder: Path) -> dict[str, Any]:
    """A door's settings of its store under *folder*, with a scanner that can be made to wait."""
    stub = folder / "stub.py"
    stub.write_text(STUB, encoding="utf-8")
    key = kept_key(folder / "keys" / "door.pem", Algorithm.EDDSA)
    return {
        "evidence_folder": folder / "evidence",
        "evidence_scan": f"{sys.executable} {stub}",
        "evidence_max_bytes": 2_000_000,
        "evidence_quota": 9_000_000,
        "signing_key": SecretStr(key.to_pem().decode()),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the door keeps its key, its scanner and the store."""
    return tmp_path_factory.mktemp("evidence")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(folder: Path) -> AsyncIterator[House]:
    """A sandbox in the middle of a year whose door takes evidence."""
    judges = ("units", "ballots", "pledges")
    settings = store_settings(folder)
    async with a_house(folder, origin="sandbox/three-2023", judges=judges, **settings) as house:
        await settle_a_year(house)
        yield house


@pytest.fixture
def sender(house: House) -> Sender:
    """A member's own uploads."""
    return Sender(house, "SOA")
