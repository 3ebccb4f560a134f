"""The service verifies its own archive by the auditors' command, and says what that found and nothing more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from services.founding import CHECKPOINT_KEY, kept_key, plan
from services.reporting.archive import Archive, SealedLog
from services.reporting.checked import lamps, read_checks
from services.reporting.checking import fingerprints_at
from services.reporting.publishing import publish
from services.reporting.self_check import SelfCheckError, verify_own
from thidua.audit.authentic import Authenticity
from thidua.clock import parse_instant, to_ms
from thidua.genesis import first_entries
from thidua.signing import Algorithm
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy
from thidua.tlog.tiles import bundle_path

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def founded(tmp_path: Path) -> tuple[SealedLog, Policy]:
    """The archive of a log that was only founded, its figures published, and the policy on paper."""
    founding = plan(
        tmp_path,
        origin="log.example.vn/p0",
        authority="BVHTTDL",
        name_vi="Bộ Văn hóa",
        name_en=None,
        rx_ms=to_ms(parse_instant("2020-01-01T00:00:00.000Z")),
    )
    raw = [(number, entry.raw) for number, entry in enumerate(first_entries(founding)[0], 1)]
    key = kept_key(tmp_path / "keys" / CHECKPOINT_KEY, Algorithm.EDDSA)
    signer = NoteSigner(founding.origin, key)
    archive = Archive(tmp_path / "sealed", signer, lambda: Authenticity(founding.origin))
    archive.start()
    archive.seal(raw)
    publish(
        archive, len(raw), fingerprints_at(lambda after, most: raw[after : after + most], len(raw))
    )
    archive.stop()
    return archive, Policy(signer.public, root_spki=founding.root.verifying_key.spki)


async def test_an_archive_that_holds_lights_all_lamps_with_the_time_of_the_check(
    founded: tuple[SealedLog, Policy],
) -> None:
    archive, policy = founded
    check = await verify_own(archive, policy, lambda: NOW)
    assert (check.verdict, check.at) == ("holds", "2026-01-02T03:04:05.000Z"), check.results
    assert read_checks(archive.folder) == [check]
    assert [lamp.state for lamp in lamps(check)] == ["holds", "holds", "holds"]


async def test_without_the_root_key_signatures_are_not_called_valid(
    founded: tuple[SealedLog, Policy],
) -> None:
    archive, policy = founded
    check = await verify_own(archive, Policy(policy.log), lambda: NOW)
    assert {lamp.name: lamp.state for lamp in lamps(check)}["signatures"] == "not-checked"


async def test_a_changed_byte_puts_the_lamp_out_at_its_position(
    founded: tuple[SealedLog, Policy],
) -> None:
    archive, policy = founded
    size = archive.files().size
    path = archive.public / bundle_path(0, size)
    path.write_bytes(path.read_bytes().replace(b'"rx":"2020', b'"rx":"2021', 1))
    shown = lamps(await verify_own(archive, policy, lambda: NOW))
    assert (shown[0].name, shown[0].state, shown[0].position) == ("chain", "fails", 1)


async def test_a_check_that_gives_no_report_changes_nothing_that_is_shown(
    founded: tuple[SealedLog, Policy],
) -> None:
    archive, policy = founded
    (archive.folder / "own-policy.txt").mkdir()
    with pytest.raises((SelfCheckError, OSError)):
        await verify_own(archive, policy, lambda: NOW)
    assert read_checks(archive.folder) == []
