"""Pages for whoever checks: the entry with its proof, the lamps, receipts, and every page as of an earlier moment."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING

import pytest

from services.reporting.archive import SealedLog
from services.reporting.checked import Check, check_of, keep_check, lamps, read_checks
from services.reporting.moments import MOST_KEPT, Moments, NoSuchMomentError, ask
from services.reporting.projections.timeline import timeline
from tests.reporting.archives import archive_in
from tests.reporting.entries import CYCLE
from tests.reporting.web.conftest import site_on
from tests.reporting.web.html import Page
from tests.reporting.year import event_at, year_2020
from thidua.audit.checks import CHECKS
from thidua.base64url import encode_base64url
from thidua.tlog.merkle import included, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from fastapi import FastAPI
    from sqlalchemy import Engine

YEAR = f"/nam/{CYCLE}"


def size() -> int:
    return len(year_2020().raw)


def checked(path: Path, **verdicts: str) -> None:
    """Keep a check of the year in which everything holds but what *verdicts* say."""
    results = [
        {"check": name, "verdict": verdicts.get(name, "holds"), "vi": "lá khác", "en": "a leaf differs",
         "position": 17 if verdicts.get(name) == "fails" else None, "count": 3}
        for name in CHECKS
    ]  # fmt: skip
    document = {
        "size": size(),
        "root": "ab" * 32,
        "holds": not verdicts,
        "fails": "fails" in verdicts.values(),
        "checks": results,
    }
    keep_check(path, check_of(document, "2026-01-02T03:04:05.000Z", ("DBN", "LCA")))


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """An archive of the year."""
    archive = archive_in(tmp_path)
    archive.seal(year_2020().raw)
    archive.stop()
    return tmp_path


async def test_an_entrys_page_shows_all_that_is_needed_to_prove_it(
    client: httpx.AsyncClient,
) -> None:
    text = (await client.get("/su-kien/64")).text
    page, raw = Page.read(text), year_2020().raw[63][1]
    assert page.faults == []
    assert raw.decode() in unescape(text)
    assert encode_base64url(sha256(raw).digest()) in text
    assert leaf_hash(raw).hex() in text
    proof = [b64decode(line.partition("</code>")[0]) for line in text.split("<li><code>")[1:]]
    checkpoint = (await client.get("/v1/archive")).json()
    assert checkpoint["checkpoint"] in unescape(text)
    root = bytes.fromhex(checkpoint["root"])
    assert included(leaf_hash(raw), 63, checkpoint["position"], proof, root)
    assert {"/su-kien/63", "/su-kien/65", "/v1/proofs/64", "/v1/entries/64"} <= set(page.links)


async def test_an_entry_that_is_not_sealed_is_not_said_to_be_proven(
    engine_2020: Engine, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    async with visit(site_on(engine_2020)) as client:
        page = Page.read((await client.get("/su-kien/64")).text)
    assert "chưa được niêm" in page.text
    assert "/v1/proofs/64" not in page.links


async def test_nothing_is_called_checked_that_was_only_stored(client: httpx.AsyncClient) -> None:
    page = Page.read((await client.get("/kiem-tra")).text)
    assert page.text.count("CHƯA KIỂM, mới chỉ lưu") == 3
    assert "✓ ĐÚNG" not in page.text
    assert "thidua verify archive --policy policy.txt" in (await client.get("/kiem-tra")).text


async def test_the_three_lamps_say_what_the_last_check_found_and_when(
    engine_2020: Engine, sealed: Path, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    checked(sealed)
    async with visit(site_on(engine_2020, sealed)) as client:
        text = (await client.get("/kiem-tra")).text
        english = Page.read((await client.get("/en/kiem-tra")).text)
    page = Page.read(text)
    assert page.faults == []
    for lamp in ("Chuỗi nhật ký liền mạch", "Chữ ký hợp lệ", "Phát lại khớp số liệu công bố"):
        assert f"{lamp} ✓ ĐÚNG khi kiểm (02/01/2026 10:04)" in page.text
    assert "không chứng minh ai khác cũng thấy gốc này" in page.text
    assert "DBN, LCA" in page.text
    assert "<svg" in text
    assert english.text.count("✓ HELD when checked") == 3


@pytest.mark.parametrize(
    ("verdict", "states", "position"),
    [
        ({"V01": "fails"}, ["fails", "holds", "holds"], 17),
        ({"V07": "not-checked"}, ["holds", "not-checked", "holds"], None),
        ({"V15": "fails", "V13": "not-checked"}, ["holds", "holds", "fails"], 17),
        ({"V16": "nothing"}, ["holds", "holds", "holds"], None),
    ],
)
def test_a_lamp_is_lit_only_when_all_behind_it_was_checked_and_holds(
    tmp_path: Path, verdict: dict[str, str], states: list[str], position: int | None
) -> None:
    checked(tmp_path, **verdict)
    shown = lamps(read_checks(tmp_path)[0])
    assert [one.state for one in shown] == states
    assert {one.position for one in shown if one.state == "fails"} <= {position}


def test_past_checks_are_kept_up_to_a_number_the_last_first(tmp_path: Path) -> None:
    for position in range(1, 30):
        keep_check(tmp_path, Check("2026-01-02T03:04:05.000Z", position, "00", "holds"))
    kept = read_checks(tmp_path)
    assert [one.position for one in kept] == list(range(29, 9, -1))


@pytest.mark.parametrize("whole", [False, True], ids=["its hash", "the receipt"])
async def test_a_receipt_is_found_where_it_stands(whole: bool, client: httpx.AsyncClient) -> None:
    raw = year_2020().raw[63][1]
    entry_hash = encode_base64url(sha256(raw).digest())
    receipt = json.dumps({"hash": event_at(64), "position": 64, "entry_hash": entry_hash})
    answer = await client.get(
        "/bien-nhan", params={"hash": receipt if whole else f" {event_at(64)}\n"}
    )
    page = Page.read(answer.text)
    assert page.faults == []
    assert "✓ Có trong nhật ký" in page.text
    assert "/su-kien/64" in page.links


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hash": event_at(64), "position": 63}, "KHÔNG KHỚP"),
        ({"hash": event_at(64), "position": 64, "entry_hash": "A" * 43}, "KHÔNG KHỚP"),
        ({"hash": "A" * 43, "position": 64}, "Không có trong nhật ký"),
        ({"position": 64}, "Không đọc được"),
        ("<script>alert(1)</script>", "Không đọc được"),
    ],
)
async def test_a_receipt_that_the_log_does_not_keep_is_named(
    given: object, said: str, client: httpx.AsyncClient
) -> None:
    told = given if isinstance(given, str) else json.dumps(given)
    answer = await client.get("/bien-nhan", params={"hash": told})
    page = Page.read(answer.text)
    assert (answer.status_code, page.faults) == (200, [])
    assert said in page.text
    assert "<script" not in answer.text


async def test_every_page_can_be_seen_as_of_an_earlier_position_and_its_links_stay_there(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/", "/don-vi", "/su-kien", "/kiem-tra", "/en/tu-choi", YEAR, f"{YEAR}/giao-uoc"):
        page = Page.read((await client.get(path, params={"as_of": "60"})).text)
        assert page.faults == [], path
        assert "60" in page.text.partition("dựng lại từ kho lưu")[0] or path.startswith("/en")
        inside = [
            link
            for link in page.links
            if link.startswith("/") and not link.startswith(("/static", "/v1/openapi", "/archive"))
        ]
        assert all("as_of=" in link for link in inside), path
        assert any(link.endswith("?as_of=") for link in inside), path
    assert (await client.get("/v1/timeline/61?as_of=60")).status_code == 404
    listed = (await client.get("/v1/timeline?as_of=60&most=5")).json()
    assert (listed["position"], listed["data"][0]["position"]) == (60, 60)
    assert "as_of=60" in listed["next"]


async def test_a_time_means_all_that_had_arrived_by_then(client: httpx.AsyncClient) -> None:
    before = (await client.get("/v1/cycles/BVHTTDL/BGPB/2020/ranking?as_of=2020-11-12")).json()
    after = (await client.get("/v1/cycles/BVHTTDL/BGPB/2020/ranking?as_of=2020-11-13")).json()
    assert before["data"] is None
    assert len(after["data"]["rows"]) == 7
    for same in ("2020-11-13T23:59:59+07:00", "13/11/2020", "13/11/2020 23:59"):
        asked = await client.get(f"/v1/units?as_of={same}")
        assert asked.json()["position"] == after["position"], same


async def test_the_figures_as_of_the_newest_position_are_those_of_now(
    client: httpx.AsyncClient,
) -> None:
    now = (await client.get("/v1/fingerprints")).json()
    assert (await client.get(f"/v1/fingerprints?as_of={size()}")).json() == now
    assert (await client.get("/v1/fingerprints?as_of=60")).json() != now


@pytest.mark.parametrize("moment", ["0", "-1", "999999", "nonsense", "2020-99-99", "1999-01-01"])
async def test_a_moment_that_the_log_does_not_have_is_not_found(
    moment: str, client: httpx.AsyncClient
) -> None:
    for path in ("/", "/v1/units", "/v1/outcome?cycle=BVHTTDL/BGPB/2020"):
        answer = await client.get(path, params={"as_of": moment, "cycle": CYCLE})
        assert answer.status_code == 404, path
        if path == "/":
            assert "21/11/2020 17:00" in answer.text, "what may be given instead"


async def test_few_earlier_moments_are_kept_and_none_is_taken_from_its_reader(
    engine_2020: Engine, sealed: Path
) -> None:
    moments = Moments(engine_2020, SealedLog(sealed), most_entries=100)
    await ask("50")
    with moments.reading() as read:
        for position in range(1, MOST_KEPT + 3):
            await ask(str(position))
            with moments.reading() as other:
                assert other.position == position
        assert len(moments._kept) == MOST_KEPT
        assert read.position == 50
        assert len(read.rows(timeline)) == 50
    await ask("101")
    with pytest.raises(NoSuchMomentError, match="thidua replay"), moments.reading():
        pass
    await ask(None)
    moments.dispose()


async def test_every_link_of_an_earlier_moment_leads_to_a_whole_page_of_that_moment(
    client: httpx.AsyncClient,
) -> None:
    waiting, found = ["/?as_of=120"], dict[str, Page]()
    while waiting:
        path = waiting.pop()
        if path in found or path.endswith("as_of=") or not path.startswith("/"):
            continue
        answer = await client.get(path)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            page = found[path] = Page.read(answer.text)
            assert page.faults == [], path
            assert "Tính đến vị trí 120" in page.text or path.startswith("/en/"), path
            waiting += [link.partition("#")[0] for link in page.links]
    assert len(found) > 200
