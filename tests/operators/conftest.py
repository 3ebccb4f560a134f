from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from services.sandbox import sandbox
from tests.operators.houses import House, at_rest, house_of
from tests.system.test_independence import until
from tests.units.evidence.files import pdf
from thidua.publishing import DoorClient
from thidua.uploading import EvidenceClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.player import Player

CYCLE = "BNV/KHOI-3/2023"


@dataclass(frozen=True)
class Played:
    """A house whose year was played while backups were made; those backups in order, and the last with its keys."""

    house: House
    during: list[Path]
    last: Path
    keys: Path
    player: Player


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A year up to its pledge, backed up again and again while it is written, and once more when all is at rest."""
    folder = tmp_path_factory.mktemp("operators")
    (folder / "system").mkdir()
    with sandbox(until("thidua.pledges.pledge-signed.v1"), folder / "system") as box:
        house = house_of(box, folder / "home")
        door = DoorClient(box.system.url("door"))
        player = box.player(door)
        during = _backed_up_while(player, house, folder / "backups")
        _a_file_stored(house, player, folder)
        at_rest(door)
        last, keys = folder / "backups" / "last", folder / "keys"
        done = house.backup(last, "--keys", str(keys))
        assert done.exit_code == 0, done.output
        yield Played(house, during, last, keys, player)
        door.close()


def _backed_up_while(player: Player, house: House, folder: Path) -> list[Path]:
    playing = threading.Thread(target=player.play)
    playing.start()
    made: list[Path] = []
    while playing.is_alive():
        target = folder / f"{len(made)}"
        done = house.backup(target)
        assert done.exit_code == 0, done.output
        made.append(target)
        time.sleep(0.5)
    playing.join()
    return made


def _a_file_stored(house: House, player: Player, folder: Path) -> None:
    member = player._publishers["SOA"]
    path = folder / "bao-cao.pdf"
    path.write_bytes(pdf(1000))
    url, origin = house.box.system.url("door"), house.box.founding.origin
    client = EvidenceClient(url, origin, member.kid, member.key)
    told = client.put(path, unit="SOA", subject=CYCLE)
    assert told["state"] == "recorded", told
