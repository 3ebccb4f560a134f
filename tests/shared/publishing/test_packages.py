"""A package is what its publisher sealed, or it is refused whole with everything that is wrong with it."""

from __future__ import annotations

import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.publishing.pretend import KEY, NOW, ORIGIN, PretendDoor, client, queue
from thidua.outbox import State
from thidua.packages import (
    MOST_BYTES,
    PACKAGE_TYP,
    EmptyPackageError,
    PackageFaultsError,
    import_package,
    make_package,
    read_package,
    told_of,
)
from thidua.signing import Algorithm, SigningKey, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from thidua.sending import PublisherClient

ORDER = ("units", "ballots", "units", "pledges")
Files = dict[str, bytes]


def packed(folder: Path, door: PretendDoor | None = None) -> tuple[Path, PublisherClient]:
    sender = client(folder / "outbox", door or PretendDoor(lambda: "away"))
    for at, service in enumerate(ORDER):
        queue(sender, service, f"e-{at}")
    path = folder / "p.zip"
    make_package(path, sender.outbox, sender.publisher, now=NOW)
    return path, sender


def files_of(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def sealed(files: Files, change: Callable[[dict[str, Any]], None]) -> Files:
    """The package with another manifest, sealed by its own publisher."""
    manifest = json.loads(files["manifest.json"])
    change(manifest)
    text = json.dumps(manifest).encode()
    told = {"format": "thidua-package/1", "manifest_sha256": sha256(text).hexdigest()}
    seal = sign(json.dumps(told, separators=(",", ":")).encode(), KEY, "SOA/1", PACKAGE_TYP)
    return {**files, "manifest.json": text, "manifest.jws": seal.encode()}


def test_a_package_goes_through_the_door_in_order_and_both_times_are_kept(tmp_path: Path) -> None:
    path, _ = packed(tmp_path)
    door = PretendDoor()

    told = import_package(read_package(path, KEY.verifying_key), door)

    assert [door.said[event_hash]["id"] for event_hash, _, _ in door.log] == [
        "e-0", "e-1", "e-2", "e-3",
    ]  # fmt: skip
    assert [told_of(one)["outcome"] for one in told] == ["recorded"] * 4
    assert {told_of(one)["time"] for one in told} == {"2026-03-01T00:00:00.000Z"}


def test_package_outbox_and_package_again_come_to_one_place_in_the_log_each(tmp_path: Path) -> None:
    door = PretendDoor()
    path, sender = packed(tmp_path, door)
    first = import_package(read_package(path), door)
    flushed = sender.flush()
    again = import_package(read_package(path), door)
    assert [one.reply for one in first] == [one.reply for one in again]
    assert {item.state for item in flushed.settled} == {State.RECORDED}
    assert len(door.log) == len(ORDER)


def test_after_an_event_that_stays_open_the_rest_of_its_service_is_not_sent(tmp_path: Path) -> None:
    path, _ = packed(tmp_path)
    door = PretendDoor()
    door.never = {"e-0"}
    told = [told_of(one)["outcome"] for one in import_package(read_package(path), door)]
    assert told == ["answered", "recorded", "unsent", "recorded"]


def test_a_package_that_comes_before_its_predecessor_is_still_to_be_sent(tmp_path: Path) -> None:
    path, sender = packed(tmp_path)
    door = PretendDoor()
    import_package(read_package(path), door)
    sender.door = door
    sender.flush()
    queue(sender, "units", "later")
    make_package(tmp_path / "q.zip", sender.outbox, sender.publisher, now=NOW)
    [told] = import_package(read_package(tmp_path / "q.zip"), PretendDoor())
    assert (told_of(told)["outcome"], told_of(told)["code"]) == ("unsent", "CHAIN_EXPECTED")


def test_nothing_unsent_makes_no_package_and_an_existing_file_is_kept(tmp_path: Path) -> None:
    sender = client(tmp_path / "outbox", PretendDoor())
    path = tmp_path / "p.zip"
    with pytest.raises(EmptyPackageError):
        make_package(path, sender.outbox, sender.publisher, now=NOW)
    assert not path.exists()
    queue(sender, "units", "a")
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        make_package(path, sender.outbox, sender.publisher, now=NOW)
    assert path.read_text() == "mine"


EVENT = "events/000001.jws"
TRICKS: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a path upwards": (lambda f: {**f, "../../etc/cron.d/x": b""}, "its path leads elsewhere"),
    "an absolute path": (lambda f: {**f, "/etc/passwd": b""}, "its path leads elsewhere"),
    "a drive": (lambda f: {**f, "C:x": b""}, "its path leads elsewhere"),
    "a foreign file": (lambda f: {**f, "events/setup.exe": b"MZ"}, "does not belong here"),
    "a missing event": (lambda f: {k: v for k, v in f.items() if k != EVENT}, "is missing"),
    "no manifest": (lambda f: {k: v for k, v in f.items() if k != "manifest.json"}, "is missing"),
    "no seal": (lambda f: {k: v for k, v in f.items() if k != "manifest.jws"}, "is missing"),
    "a changed event": (lambda f: {**f, EVENT: f[EVENT][:-4] + b"AAAA"}, "its hash differs"),
    "events exchanged": (
        lambda f: {**f, EVENT: f["events/000002.jws"], "events/000002.jws": f[EVENT]},
        "its hash differs",
    ),
    "an event that is a bomb": (lambda f: {**f, EVENT: b"0" * 50_000_000}, "is too large"),
    "a manifest that is a bomb": (
        lambda f: {**f, "manifest.json": b" " * 50_000_000},
        "is too large",
    ),
    "an event taken out": (
        lambda f: {
            **{k: v for k, v in f.items() if k != "events/000004.jws"},
            "manifest.json": json.dumps(
                {**(m := json.loads(f["manifest.json"])), "events": m["events"][:3]}
            ).encode(),
        },
        "seals another manifest",
    ),
    "no manifest of ours": (
        lambda f: sealed(f, lambda m: m.update(format="zip/1", more=1)),
        "manifest.json /format",
    ),
    "a file listed twice": (
        lambda f: sealed(f, lambda m: m["events"].append(m["events"][0])),
        "lists a file twice",
    ),
    "another log": (lambda f: sealed(f, lambda m: m.update(origin="so.khac/p0")), "khác tệp kê"),
    "another publisher": (
        lambda f: sealed(f, lambda m: m.update(source="/units/SOB")),
        "khác tệp kê",
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_package_with_a_trick_is_refused_and_the_trick_named(tmp_path: Path, trick: str) -> None:
    path, _ = packed(tmp_path)
    change, words = TRICKS[trick]
    zipped(path, change(files_of(path)))
    with pytest.raises(PackageFaultsError) as told:
        read_package(path, KEY.verifying_key)
    assert any(words in fault for fault in told.value.faults), told.value.faults
    assert sum(info.file_size for info in zipfile.ZipFile(path).infolist()) < MOST_BYTES


def test_a_link_a_doubled_name_and_a_backslash_are_named_together(tmp_path: Path) -> None:
    path, _ = packed(tmp_path)
    link = zipfile.ZipInfo("events/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("..\\up", b"")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("manifest.json", b"{}")
    with pytest.raises(PackageFaultsError) as told:
        read_package(path)
    for words in ("a link", "is there twice", "its path leads elsewhere"):
        assert any(words in fault for fault in told.value.faults), words


def test_a_seal_by_another_key_is_none(tmp_path: Path) -> None:
    path, _ = packed(tmp_path)
    with pytest.raises(PackageFaultsError, match="the seal does not hold"):
        read_package(path, SigningKey.generate(Algorithm.EDDSA).verifying_key)
    assert read_package(path).sealed_by is None
    assert read_package(path).manifest.origin == ORIGIN


@settings(max_examples=300)
@given(data=st.data())
def test_any_change_to_a_package_is_read_as_it_was_or_refused_with_its_name(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "mutated"
    path = folder / "p.zip"
    if not path.exists():
        folder.mkdir()
        packed(folder)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    changed = folder / "changed.zip"
    changed.write_bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))])
    try:
        found = read_package(changed, KEY.verifying_key)
    except PackageFaultsError:
        return
    assert found == read_package(path, KEY.verifying_key)


def test_no_zip_at_all_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(b"xin chao")
    with pytest.raises(PackageFaultsError, match="no readable zip"):
        read_package(path)
