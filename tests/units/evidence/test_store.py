"""What a store of evidence promises, whichever holds it: a folder, or a bucket over the S3 protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import s3fs
from moto.server import ThreadedMotoServer

from services.units.evidence.bucket import BucketStore
from services.units.evidence.store import (
    EvidenceStore,
    FolderStore,
    StoreAwayError,
    StoreDamagedError,
    StoreFullError,
    Use,
    room,
)
from tests.units.evidence.files import pdf
from thidua.embedded import free_port

FILE = pdf(3_000_000)
SHA = hashlib.sha256(FILE).hexdigest()
USE = Use(1_600_000_000_000, SHA, "BVHTTDL/BGPB/2020", "LCA", len(FILE), "pdf", "Báo cáo.pdf")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server._port}"
    server.stop()


def bucket_at(endpoint: str, name: str) -> BucketStore:
    return BucketStore(f"s3://{name}/kho", endpoint=endpoint, key="test", secret="test")


def raw_bucket(endpoint: str) -> s3fs.S3FileSystem:
    return s3fs.S3FileSystem(
        endpoint_url=endpoint, key="test", secret="test", use_listings_cache=False
    )


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    """An empty store."""
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    endpoint = request.getfixturevalue("s3")
    name = "b-" + hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]
    raw_bucket(endpoint).mkdir(name)
    return bucket_at(endpoint, name)


def damage(store: EvidenceStore) -> None:
    """Change a byte of the kept file behind the store's back."""
    wrong = FILE[:-1] + b"X"
    if isinstance(store, BucketStore):
        store._files.pipe_file(store._place(SHA), wrong)
    elif isinstance(store, FolderStore):
        store._place(SHA).write_bytes(wrong)


def read_into(content: bytearray, store: EvidenceStore) -> None:
    for piece in store.read(SHA):
        content += piece


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(FILE)
    return path


def test_what_is_put_is_there_under_its_hash_and_reads_back(
    store: EvidenceStore, source: Path
) -> None:
    assert store.size(SHA) is None
    store.put(SHA, source)
    store.put(SHA, source)
    assert store.size(SHA) == len(FILE)
    assert b"".join(store.read(SHA)) == FILE


def test_bytes_that_have_another_hash_are_told_of_when_they_are_put(
    store: EvidenceStore, source: Path
) -> None:
    with pytest.raises(StoreDamagedError):
        store.put("0" * 64, source)


def test_a_damaged_file_is_never_read_to_its_end_and_never_overwritten(
    store: EvidenceStore, source: Path
) -> None:
    store.put(SHA, source)
    damage(store)
    read = bytearray()
    with pytest.raises(StoreDamagedError):
        read_into(read, store)
    assert len(read) < len(FILE)
    with pytest.raises(StoreDamagedError):
        store.put(SHA, source)


def test_uses_are_told_in_order_of_time_and_the_first_note_of_one_stays(
    store: EvidenceStore,
) -> None:
    other = replace(USE, unit="HGI", at_ms=USE.at_ms - 1)
    store.note(USE)
    store.note(other)
    store.note(replace(USE, at_ms=USE.at_ms + 1))
    assert store.uses() == [other, USE]
    assert [use.name for use in store.uses()] == ["Báo cáo.pdf"] * 2


def test_an_empty_store_has_no_uses(store: EvidenceStore) -> None:
    assert store.uses() == []


def test_a_folder_keeps_nothing_half_written(tmp_path: Path, source: Path) -> None:
    store = FolderStore(tmp_path / "store")
    (store.folder / "writing" / "half.1").write_bytes(FILE[:100])
    store.put(SHA, source)
    kept = [path for path in (store.folder / "files").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [SHA]


def test_a_full_disk_is_one_named_error_and_leaves_what_is_kept(
    tmp_path: Path, source: Path
) -> None:
    store = FolderStore(tmp_path / "store")
    store.put(SHA, source)
    with pytest.raises(StoreFullError), room("disk"), Path("/dev/full").open("wb") as full:
        full.write(b"x" * 100_000)
    assert b"".join(store.read(SHA)) == FILE


def test_a_bucket_that_does_not_answer_is_one_named_error(source: Path) -> None:
    gone = bucket_at(f"http://127.0.0.1:{free_port()}", "nowhere")
    with pytest.raises(StoreAwayError):
        gone.put(SHA, source)
