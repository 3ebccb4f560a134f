"""The counting minutes as a draft: one form for paper, roll call and secret ballots, figures of the read models alone."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.database import open_engine
from services.reporting.documents.counting_minutes import percent_of
from services.reporting.following import Projector
from tests.ballots.secret.phieu_kin import NAME
from tests.reporting.archives import archive_in
from tests.reporting.entries import CYCLE, MINISTRY, Entries, unit
from tests.reporting.web.conftest import site_on
from tests.reporting.web.html import Page
from tests.reporting.web.test_secret_ballot import counted, entries
from tests.reporting.year import founding
from thidua.audit.secret import archives_in
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.log.entry import read_entry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

MINUTES = f"/v1/cycles/{CYCLE}/ballots/{{}}/minutes"
PAGE = f"/nam/{CYCLE}/bo-phieu/{{}}/bien-ban"


async def told(client: httpx.AsyncClient, ballot: str) -> Any:
    answer = await client.get(MINUTES.format(ballot))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def shown(client: httpx.AsyncClient, ballot: str, language: str = "") -> Page:
    answer = await client.get(f"{language}{PAGE.format(ballot)}")
    assert answer.status_code == 200, answer.text
    page = Page.read(answer.text)
    assert page.faults == []
    assert "BẢN NHÁP / DRAFT" in page.text
    assert "/static/paper.css" in page.links
    return page


async def test_minutes_of_a_paper_ballot_have_board_slips_box_counts_and_every_nominee(
    client: httpx.AsyncClient,
) -> None:
    minutes = await told(client, "phieu-1")
    ballot = minutes["ballot"]
    figures = [
        ballot[name] for name in ("issued", "returned", "valid", "invalid", "needed", "base")
    ]
    assert figures == [7, 7, 7, {}, 5, 7]
    assert ballot["slips"]["unused"] == 1
    assert ballot["opened"] <= ballot["seal_set"] <= ballot["seal_broken"] <= ballot["decided"]
    assert [
        (line["unit"], line["yes"], line["no"], line["percent"], line["outcome"])
        for line in minutes["lines"]
    ] == [
        ("LCA", 7, None, "100.00", "passed"),
        ("LCH", 7, None, "100.00", "passed"),
        ("LSN", 6, None, "85.71", "passed"),
        ("SLA", 1, None, "14.29", "not-passed"),
    ]
    answered = (await told(client, "phieu-2"))["lines"][-1]
    assert [answered[name] for name in ("unit", "yes", "no", "none")] == ["CBG", 6, 1, 0]
    assert [one["unit"] for one in minutes["conference"]["board"]] == ["CBG"]
    assert minutes["bases"] == ["TT 07/2019/TT-BVHTTDL", "Quy chế Cụm 2020"]
    assert minutes["secret"] is None
    page = await shown(client, "phieu-1")
    for words in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM".capitalize(),
        "Căn cứ TT 07/2019/TT-BVHTTDL;",
        "Căn cứ Quy chế Cụm 2020.",
        "Số phiếu phát ra: 7",
        "còn lại, đã hủy: 1",
        "85,71%",
        "≥ 2/3 của 7 (tổng số thành viên), tức 5 phiếu; số chỗ: 3",
        "Lào Cai (7 phiếu); Sở Văn hóa, Thể thao và Du lịch Lai Châu (7 phiếu); ",
        "Trưởng ban",
        "Điểm niêm",
    ):
        assert words.lower() in page.text.lower(), words
    assert "Tệp hòm phiếu" not in page.text


async def test_minutes_of_a_roll_call_have_neither_slips_nor_board_nor_box(
    client: httpx.AsyncClient,
) -> None:
    minutes = await told(client, "phieu-3")
    assert minutes["ballot"]["mode"] == "roll-call"
    assert [minutes["ballot"][name] for name in ("slips", "seal_set", "box")] == [None] * 3
    assert (minutes["counts"], minutes["secret"]) == ([], None)
    page = await shown(client, "phieu-3")
    assert "Kiểm phiếu: Cụm trưởng năm 2021" in page.text
    assert "Thư ký" in page.text
    for absent in ("an kiểm phiếu gồm", "Số phiếu chuẩn bị", "Niêm hòm", "Người giữ khóa"):
        assert absent not in page.text


async def test_the_page_of_a_ballot_leads_to_its_minutes_in_both_languages(
    client: httpx.AsyncClient,
) -> None:
    for language in ("", "/en"):
        answer = await client.get(f"{language}/nam/{CYCLE}/bo-phieu/phieu-1")
        assert f"{language}{PAGE.format('phieu-1')}" in Page.read(answer.text).links
    assert "Counting minutes (draft)" in (await shown(client, "phieu-1", "/en")).text


@pytest.fixture
def opened_and_void() -> Entries:
    """One ballot that is open, and one that was voided before anything was counted."""
    log = Entries()
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-11-21 08:00")
    for name in ("mo", "huy"):
        opening = {"ballot": name, "about": "co-bo", "mode": "paper", "nominees": ("LCA",)}
        log.says(unit("LCH"), b.BallotOpened(**opening))
        slips = b.SlipsIssued(ballot=name, prepared=2, issued_to=("LCA",), unused=1)
        log.says(unit("LCH"), slips)
    log.says(unit("LCH"), b.BallotVoided(ballot="huy", reason="Thùng phiếu bị vỡ"))
    return log


@pytest.fixture
def few(opened_and_void: Entries, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/read.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(opened_and_void.raw)
    yield engine
    engine.dispose()


async def test_there_are_no_minutes_before_the_outcome_and_a_void_ballot_says_why(
    few: Engine,
) -> None:
    transport = httpx.ASGITransport(site_on(few))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        for nothing in ("mo", "khac"):
            assert (await client.get(MINUTES.format(nothing))).status_code == 404
            assert (await client.get(PAGE.format(nothing))).status_code == 404
        minutes = await told(client, "huy")
        assert (minutes["ballot"]["valid"], minutes["lines"]) == (None, [])
        page = await shown(client, "huy")
        assert "không có kết quả (đã hủy): Thùng phiếu bị vỡ" in page.text
        assert "Không kiểm phiếu." in page.text


@pytest.fixture
async def secret(tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Entries]]:
    """A site over a counted secret ballot, sealed."""
    log = entries(counted())
    engine = open_engine(f"sqlite:///{tmp_path}/read.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    archive = archive_in(tmp_path)
    archive.seal(log.raw)
    archive.stop()
    transport = httpx.ASGITransport(site_on(engine, tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        yield client, log
    engine.dispose()


async def test_minutes_of_a_secret_ballot_name_box_trackers_and_trustees_and_no_voter_with_one(
    secret: tuple[httpx.AsyncClient, Entries],
) -> None:
    client, log = secret
    minutes = await told(client, NAME)
    box = minutes["secret"]
    exported = archives_in(read_entry(position, raw) for position, raw in log.raw)
    bel = exported.get(CYCLE, NAME)
    assert bel is not None
    assert (box["bel_sha256"], box["bel_bytes"]) == (
        sha256(bel.bel).hexdigest(),
        len(bel.bel),
    )
    votes = (await client.get(f"/v1/cycles/{CYCLE}/ballots/{NAME}/trackers")).json()["data"]
    assert box["trackers"] == sorted(one["tracker"] for one in votes if one["counts"])
    assert (len(box["trackers"]), box["replaced"]) == (7, 1)
    assert [one["took_part"] for one in box["holders"]] == [True, False, True, False, True]
    assert [(line["yes"], line["no"], line["none"]) for line in minutes["lines"]] == [
        (7, None, None),
        (0, None, None),
        (6, None, None),
    ]
    page = await shown(client, NAME)
    assert box["bel_sha256"] in (await client.get(PAGE.format(NAME))).text
    assert "đã thay bằng phiếu sau: 1" in page.text
    assert "Không tán thành" not in page.text
    again = await told(client, NAME)
    assert again == minutes


async def test_without_a_sealed_entry_the_box_has_no_hash_yet(
    secret: tuple[httpx.AsyncClient, Entries], tmp_path: Path
) -> None:
    _, log = secret
    engine = open_engine(f"sqlite:///{tmp_path}/other.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    transport = httpx.ASGITransport(site_on(engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        minutes = await told(client, NAME)
        assert minutes["secret"]["bel_sha256"] is None
        assert "Tệp hòm phiếu" not in (await shown(client, NAME)).text
    engine.dispose()


@given(st.integers(1, 5000).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))))
def test_a_percentage_is_exact_in_two_places_with_half_a_hundredth_up(
    case: tuple[int, int],
) -> None:
    votes, base = case
    right = (Decimal(votes) * 100 / base).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert percent_of(votes, base) == str(right)
