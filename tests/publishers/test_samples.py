"""Every sample of shared/README.md, run by the command that stands there: its events are recorded, its receipt holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.publishers.samples import SAMPLES, Sample
from thidua.embedded import free_port

if TYPE_CHECKING:
    from tests.publishers.samples import Running

pytestmark = pytest.mark.publishers

OVER_HTTP: Final = [sample for sample in SAMPLES if sample.name != "redis"]
SEVERAL: Final = 6
"""Half of all ES256 signatures have the large s: one that is not mended shows among so many."""


def named(sample: Sample) -> str:
    return sample.name


def test_there_is_a_sample_for_every_way_that_provinces_have() -> None:
    assert {sample.name for sample in SAMPLES} == {
        "curl", "php", "java", "python", "node", "redis",
    }  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_samples_events_are_recorded_one_after_another_and_its_receipts_hold(
    running: Running, sample: Sample
) -> None:
    positions = []
    for number in range(SEVERAL):
        done = running.run(sample, f"{sample.name}-{number}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "ĐÃ GHI NHẬN" in done.stdout
        positions.append(running.position(done))
    assert positions == sorted(set(positions))
    head = running.door.head(f"LCA/{sample.name}", "units")
    assert head.seq == SEVERAL


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_sample_says_in_vietnamese_why_an_event_was_refused(
    running: Running, sample: Sample
) -> None:
    assert running.run(sample, f"{sample.name}-twice").returncode == 0
    done = running.run(sample, f"{sample.name}-twice")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "BỊ TỪ CHỐI" in done.stdout
    assert "ALREADY_DONE" in done.stdout or "Cách sửa: Không cần gửi lại" in done.stdout
    assert running.position(done)
    after = running.run(sample, f"{sample.name}-after")
    assert after.returncode == 0, after.stdout + after.stderr


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_sample_says_what_to_mend_when_its_event_does_not_enter_the_log(
    running: Running, sample: Sample
) -> None:
    before = running.door.status()["position"]
    done = running.run(
        sample,
        f"{sample.name}-unknown",
        THIDUA_KID="LCA/nobody",
        THIDUA_HEADS=str(running.folder / "none"),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "CHƯA VÀO SỔ" in done.stdout
    assert "Cách sửa: " in done.stdout
    assert running.door.status()["position"] == before


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_sample_says_in_one_line_that_nobody_answers(running: Running, sample: Sample) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    done = running.run(
        sample, f"{sample.name}-away", THIDUA_URL=f"http://{nowhere}", THIDUA_REDIS=nowhere
    )
    assert done.returncode == 1
    told = (done.stdout + done.stderr).splitlines()
    assert "KHÔNG NỐI ĐƯỢC" in told[-1]
    assert len(told) <= 2


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_a_sample_says_in_one_line_what_it_cannot_read(running: Running, sample: Sample) -> None:
    for changed in ({"data_at": "nowhere.json"}, {"THIDUA_KEY": "nowhere.pem"}):
        done = running.run(sample, f"{sample.name}-unread", **changed)
        told = (done.stdout + done.stderr).splitlines()
        assert done.returncode == 1
        assert len(told) == 1, told
        assert "nowhere" in told[0] or "private key" in told[0], told


@pytest.mark.parametrize("sample", OVER_HTTP, ids=named)
def test_a_sample_does_not_take_a_receipt_that_another_key_has_signed(
    running: Running, sample: Sample
) -> None:
    done = running.run(
        sample, f"{sample.name}-forged", THIDUA_DOOR_KEY=str(running.folder / "other-door.pub")
    )
    assert done.returncode == 1
    assert "ĐÃ GHI NHẬN" in done.stdout
    assert "BIÊN NHẬN KHÔNG ĐÚNG" in done.stdout + done.stderr
