"""From the spool into the store: what a kill leaves behind is finished, and no file waits for another."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from services.units.admission import NotAdmittedError
from services.units.evidence.keeping import RELOAD_MS, Keeping
from services.units.evidence.scanning import ScannerAwayError
from services.units.evidence.spool import Spool, Upload
from services.units.evidence.store import FolderStore, StoreFullError
from tests.units.evidence.files import pdf
from thidua.evidence import UploadStatement

NOW = 1_700_000_000_000
CYCLE = "BVHTTDL/BGPB/2020"


class FullStore(FolderStore):
    """A store whose disk is full for a while."""

    full = True

    def put(self, sha256: str, source: Path) -> None:
        """Write when there is room."""
        if self.full:
            raise StoreFullError(str(self.folder))
        super().put(sha256, source)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "uploads", ("pdf",))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def begun(spool: Spool, content: bytes, come: int | None = None, until_ms: int = NOW + 1) -> Upload:
    """An upload of which *come* bytes have come, all of them when it is not said."""
    statement = UploadStatement(
        aud="so.test/p0",
        unit="LCA",
        subject=CYCLE,
        hash=hashlib.sha256(content).hexdigest(),
        size=len(content),
        name="Báo cáo.pdf",
        exp=0,
    )
    upload = spool.open(statement, until_ms)
    with spool.part(upload) as part:
        spool.write(part, content[:come])
    return upload


def test_what_was_killed_between_its_last_byte_and_its_hash_is_finished(
    spool: Spool, store: FolderStore
) -> None:
    upload = begun(spool, pdf(5000))
    keeping = Keeping(spool, store, None)
    keeping.tick(NOW)
    assert [use.key for use in store.uses()] == [upload.key]
    assert list(spool.folder.iterdir()) == []
    assert b"".join(store.read(upload.sha256)) == pdf(5000)


def test_what_was_killed_between_the_store_and_its_end_is_kept_once_with_its_first_time(
    spool: Spool, store: FolderStore
) -> None:
    begun(spool, pdf(5000))
    Keeping(spool, store, None).tick(NOW)
    begun(spool, pdf(5000))
    again = Keeping(spool, store, None)
    again.tick(NOW + 5000)
    assert [use.at_ms for use in store.uses()] == [NOW]
    assert [use.at_ms for use in again.uses.values()] == [NOW]


def test_wrong_bytes_left_by_a_kill_are_refused_and_remembered_for_a_while(
    spool: Spool, store: FolderStore
) -> None:
    upload = begun(spool, pdf(5000))
    (spool.folder / f"{upload.id}.part").write_bytes(pdf(5000, "other"))
    keeping = Keeping(spool, store, None)
    keeping.tick(NOW)
    fault = spool.fault(upload.id)
    assert fault is not None
    assert fault.code == "EVIDENCE_HASH_MISMATCH"
    assert store.uses() == []
    keeping.tick(2**42)
    assert spool.fault(upload.id) is None


def test_an_unfinished_upload_is_forgotten_after_its_time_and_not_before(
    spool: Spool, store: FolderStore
) -> None:
    upload = begun(spool, pdf(5000), come=10, until_ms=NOW)
    keeping = Keeping(spool, store, None)
    keeping.tick(NOW)
    assert spool.offset(upload) == 10
    keeping.tick(NOW + 1)
    assert spool.find(upload.id) is None
    assert list(spool.folder.iterdir()) == []


def test_a_full_store_makes_a_file_wait_and_says_so(spool: Spool, tmp_path: Path) -> None:
    store = FullStore(tmp_path)
    begun(spool, pdf(5000))
    keeping = Keeping(spool, store, None)
    keeping.tick(NOW)
    assert (keeping.fault, keeping.uses) == ("room", {})
    store.full = False
    keeping.tick(NOW)
    assert keeping.fault is None
    assert len(keeping.uses) == 1


def test_without_a_verdict_a_file_waits(spool: Spool, store: FolderStore) -> None:
    def away(_path: Path) -> bool:
        raise ScannerAwayError("stub")

    upload = begun(spool, pdf(5000))
    keeping = Keeping(spool, store, away)
    keeping.tick(NOW)
    assert (keeping.fault, store.uses()) == ("scanner", [])
    assert spool.whole(upload) is not None


def test_one_damaged_file_keeps_no_other_from_being_stored(
    spool: Spool, store: FolderStore
) -> None:
    first, second = (begun(spool, pdf(5000, mark)) for mark in ("one", "two"))
    damaged, sound = sorted((first, second), key=lambda upload: upload.id)
    place = store._place(damaged.sha256)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"rotten")
    Keeping(spool, store, None).tick(NOW)
    assert [use.key for use in store.uses()] == [sound.key]
    assert place.read_bytes() == b"rotten"
    assert spool.whole(damaged) is not None


def test_what_another_replica_stored_is_known_after_a_while(
    spool: Spool, store: FolderStore
) -> None:
    here = Keeping(spool, store, None)
    here.tick(NOW)
    begun(spool, pdf(5000))
    Keeping(spool, store, None).tick(NOW)
    assert here.uses == {}
    here.tick(NOW + RELOAD_MS)
    assert len(here.uses) == 1


def test_room_counts_each_file_of_a_unit_once_with_what_is_on_its_way(
    spool: Spool, store: FolderStore
) -> None:
    begun(spool, pdf(5000))
    keeping = Keeping(spool, store, None)
    keeping.tick(NOW)
    coming = begun(spool, pdf(700), come=1)
    assert keeping.room_used("LCA", "") == 5700
    assert keeping.room_used("LCA", coming.id) == 5000
    assert keeping.room_used("HGI", "") == 0


def test_a_second_writer_of_an_upload_is_refused_until_the_first_is_done(spool: Spool) -> None:
    upload = begun(spool, pdf(5000), come=1)
    with (
        spool.locked(upload.id),
        pytest.raises(NotAdmittedError, match="UPLOAD_BUSY"),
        spool.locked(upload.id),
    ):
        pass
    with spool.locked(upload.id):
        spool.forget(upload)
    with spool.locked(upload.id):
        pass
