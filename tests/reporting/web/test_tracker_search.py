"""A voter looks for its tracker in the box, and finds the way to the voting page where one is set."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.reporting.database import open_engine
from services.reporting.following import Projector
from services.reporting.projections.tracker_search import SHORTEST
from services.reporting.settings import ReadingSettings
from tests.ballots.decisions.year_2020 import UNITS, accept
from tests.ballots.secret.phieu_kin import NAME, VOTED, is_open
from tests.reporting.entries import CYCLE
from tests.reporting.web.conftest import site_on
from tests.reporting.web.html import Page
from tests.reporting.web.test_secret_ballot import counted, entries
from thidua.contracts import secret_ballots as s
from thidua.errors import SettingsError
from thidua.log.entry import read_entry
from thidua.receipts import Receipt, hash_in, sign_receipt, tracker_in
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.ballots.secret.phieu_kin import Held

SEARCH = f"/v1/cycles/{CYCLE}/ballots/{NAME}/tracker"
PAGE = f"/nam/{CYCLE}/bo-phieu/{NAME}"
VOTING = "https://phieu.example.vn"


@asynccontextmanager
async def reader_of(held: Held, folder: Path, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    engine = open_engine(f"sqlite:///{folder}/read.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(entries(held).raw)
    transport = httpx.ASGITransport(site_on(engine, **more))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        yield client
    engine.dispose()


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with reader_of(counted(), tmp_path) as client:
        yield client


def cast_by(unit: str) -> list[str]:
    return [vote.tracker for vote in counted().story.state.elections[NAME].votes[unit]]


async def result(reader: httpx.AsyncClient, typed: str, language: str = "") -> str:
    answer = await reader.get(f"{language}{PAGE}", params={"ma": typed})
    assert answer.status_code == 200
    page = Page.read(answer.text)
    assert page.faults == []
    return answer.text.partition('<div role="status" class="result">')[2].partition("</div>")[0]


async def test_a_vote_that_counts_is_found_by_its_whole_tracker_and_by_its_beginning(
    reader: httpx.AsyncClient,
) -> None:
    [tracker] = cast_by("LCA")
    for typed in (tracker, tracker[:SHORTEST], f"  {tracker}\n"):
        told = (await reader.get(SEARCH, params={"starts": typed})).json()["data"]
        [vote] = told["votes"]
        assert (vote["tracker"], vote["state"]) == (tracker, "counts")
        assert vote["proof"] == f"/v1/proofs/{vote['position']}"
        shown = await result(reader, typed)
        assert "Có trong hòm phiếu và được tính" in shown
        assert f"/su-kien/{vote['position']}" in shown
        assert vote["proof"] in shown


async def test_a_vote_that_was_replaced_says_so_and_no_answer_names_the_voter(
    reader: httpx.AsyncClient,
) -> None:
    first, second = cast_by("CBG")
    for tracker, state, words in (
        (first, "replaced", "đã thay bằng phiếu sau"),
        (second, "counts", "được tính"),
    ):
        answer = await reader.get(SEARCH, params={"starts": tracker})
        assert [one["state"] for one in answer.json()["data"]["votes"]] == [state]
        assert "CBG" not in answer.text
        shown = await result(reader, tracker)
        assert words in shown
        assert "Cao Bằng" not in shown


async def test_a_plus_that_a_form_lost_to_the_address_is_found_nevertheless(
    reader: httpx.AsyncClient,
) -> None:
    trackers = [
        vote for unit in ("LCA", "LCH", "LSN", "SLA", "HGI", "CBG") for vote in cast_by(unit)
    ]
    with_plus = next(one for one in trackers if "+" in one)
    told = (await reader.get(SEARCH, params={"starts": with_plus.replace("+", " ")})).json()
    assert [one["tracker"] for one in told["data"]["votes"]] == [with_plus]


async def test_a_tracker_that_is_in_no_box_is_not_there_and_a_short_one_is_not_asked_for(
    reader: httpx.AsyncClient,
) -> None:
    told = (await reader.get(SEARCH, params={"starts": "A" * 43})).json()["data"]
    assert told == {"asked": "A" * 43, "votes": []}
    assert "Không có trong hòm phiếu này" in await result(reader, "A" * 43)
    for wrong in ("A" * (SHORTEST - 1), "A" * 44, "không phải mã", "A" * 42 + "-"):
        answer = await reader.get(SEARCH, params={"starts": wrong})
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert "Không đọc được" in await result(reader, wrong)
    assert "Cannot be read" in await result(reader, "short", "/en")
    elsewhere = SEARCH.replace(NAME, "khac")
    assert (await reader.get(elsewhere, params={"starts": "A" * 43})).status_code == 404


async def test_an_open_ballot_and_one_ahead_lead_to_the_voting_page_where_it_is_set(
    tmp_path: Path,
) -> None:
    address = f"{VOTING}/bo-phieu?nam={CYCLE}&phieu="
    async with reader_of(is_open(), tmp_path, voting_page=VOTING) as client:
        assert f"{address}{NAME}" in Page.read((await client.get(PAGE)).text).links
        assert f"{address}{NAME}" in Page.read((await client.get(f"/en{PAGE}")).text).links


async def test_a_counted_ballot_has_no_link_to_vote_and_a_fixed_one_has(tmp_path: Path) -> None:
    listed = f"/nam/{CYCLE}/bo-phieu"
    async with reader_of(counted(), tmp_path, voting_page=VOTING) as client:
        assert VOTING not in (await client.get(PAGE)).text
        page = Page.read((await client.get(listed)).text)
        assert page.faults == []
        assert [link for link in page.links if VOTING in link] == [
            f"{VOTING}/bo-phieu?nam={CYCLE}&phieu=phieu-2"
        ]


async def test_who_found_a_vote_that_counts_is_led_to_where_its_unit_can_sign_so(
    tmp_path: Path,
) -> None:
    address = f"{VOTING}/bo-phieu?nam={CYCLE}&phieu={NAME}"
    replaced, counts = cast_by("CBG")
    async with reader_of(counted(), tmp_path, voting_page=VOTING) as client:
        for tracker, led in ((counts, True), (replaced, False), ("A" * 43, False)):
            for language in ("", "/en"):
                answer = await client.get(f"{language}{PAGE}", params={"ma": tracker})
                page = Page.read(answer.text)
                assert page.faults == []
                assert (address in page.links) is led


async def test_without_the_setting_nothing_leads_to_a_voting_page(
    reader: httpx.AsyncClient,
) -> None:
    for path in (PAGE, f"/nam/{CYCLE}/bo-phieu"):
        assert "Bỏ phiếu tại" not in (await reader.get(path)).text


@pytest.mark.parametrize("wrong", ["phieu.vn", "ftp://phieu.vn", "https://a.vn/x", 'https://a"b'])
def test_the_voting_page_is_an_origin_and_nothing_else(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THIDUA_ORIGIN", "so.example.vn/p0")
    monkeypatch.setenv("THIDUA_VOTING_PAGE", wrong)
    with pytest.raises(SettingsError):
        ReadingSettings.from_environment()
    monkeypatch.setenv("THIDUA_VOTING_PAGE", VOTING)
    assert ReadingSettings.from_environment().voting_page == VOTING


async def test_how_many_counting_votes_were_checked_is_what_their_voters_signed_and_names_nobody(
    tmp_path: Path,
) -> None:
    held = is_open().all_vote(dict.fromkeys(UNITS, ("LCA",))).all_vote({"CBG": ("LSN",)})
    votes = held.story.state.elections[NAME].votes
    for unit, vote in (("LCA", votes["LCA"][0]), ("CBG", votes["CBG"][0])):
        found = s.TrackerChecked(ballot=NAME, tracker=vote.tracker)
        accept(held.story, VOTED, found, f"/units/{unit}")
    async with reader_of(held, tmp_path) as client:
        told = (await client.get(SEARCH.removesuffix("/tracker"))).json()["data"]
        # CBG looked for the vote that it has replaced since: of the seven that count one was checked.
        assert told["checked"] == {"checked": 1, "of": 7}
        page = Page.read((await client.get(PAGE)).text)
        assert "ký xác nhận là tìm thấy trong hòm: 1/7" in page.text
        assert page.faults == []


async def test_the_receipt_of_a_vote_leads_to_it_by_its_tracker_and_another_tracker_differs(
    tmp_path: Path,
) -> None:
    log = entries(counted())
    [tracker] = cast_by("LCA")
    entry = next(
        one for one in (read_entry(*each) for each in log.raw) if tracker_in(one) == tracker
    )
    receipt = Receipt.of("so.vn/p0", hash_in(entry), entry)
    key = SigningKey.generate(Algorithm.EDDSA)
    async with reader_of(counted(), tmp_path) as client:
        for typed in (json.dumps(receipt.document()), sign_receipt(receipt, key)):
            page = Page.read((await client.get("/bien-nhan", params={"hash": typed})).text)
            assert page.faults == []
            assert "Có trong nhật ký, đã ghi nhận" in page.text
            [found] = [link for link in page.links if "?ma=" in link]
            assert "được tính" in (await client.get(found)).text
        wrong = receipt.model_copy(update={"tracker": cast_by("LCH")[0]})
        for typed in (json.dumps(wrong.document()), sign_receipt(wrong, key)):
            page = Page.read((await client.get("/bien-nhan", params={"hash": typed})).text)
            assert "KHÔNG KHỚP" in page.text
