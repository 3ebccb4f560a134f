from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from services.reporting.archive import PUBLIC
from tests.audit.copies import Copy
from tests.audit.played import played, sealed
from tests.conftest import SEED
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy
from thidua.tlog.prints import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from services.sandbox import Sandbox


@pytest.fixture(scope="session")
def sealed_year(seed_year: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The seed year as its own archive sealed it while it was played, once its figures are published."""
    public = seed_year.system.folder / "archive" / PUBLIC
    wanted = public / FOLDER / f"{len(seed_year.entries()):012d}"
    deadline = time.monotonic() + 60
    while not wanted.exists():
        assert time.monotonic() < deadline, f"no figures published at {wanted.name}"
        time.sleep(0.1)
    folder = tmp_path_factory.mktemp("sealed") / "archive"
    shutil.copytree(public, folder)
    key = seed_year.system.folder / "keys" / "reporting.pem"
    signer = NoteSigner(
        seed_year.founding.origin, SigningKey.from_pem(key.read_bytes(), Algorithm.EDDSA)
    )
    root = seed_year.founding.root.verifying_key.spki
    return Copy(folder, signer, Policy(signer.public, root_spki=root))


@pytest.fixture
def copy(sealed_year: Copy, tmp_path: Path) -> Copy:
    """A copy of the sealed seed year to tamper with."""
    folder = tmp_path / "archive"
    shutil.copytree(sealed_year.folder, folder)
    return Copy(folder, sealed_year.signer, sealed_year.policy)


@pytest.fixture(scope="session")
def year_folder(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The seed year as its judges alone give it, sealed."""
    keys = tmp_path_factory.mktemp("played")
    founding, raw = played(SEED, keys)
    folder, policy, signer = sealed(founding, raw, keys, keys / "sealed")
    return Copy(folder, signer, policy)


@pytest.fixture
def year_copy(year_folder: Copy, tmp_path: Path) -> Copy:
    """A copy of it to tamper with."""
    return year_folder.copied(tmp_path / "archive")
