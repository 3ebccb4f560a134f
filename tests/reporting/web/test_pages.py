"""The pages of the year 2020: linked, in words, readable by everybody, and calm about nonsense."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.checked import LAMPS
from services.reporting.following import Projector
from services.reporting.projections import ALL
from services.reporting.projections.board import STEPS
from services.reporting.projections.cycles import MILESTONES
from services.reporting.web.speech import Speech
from services.reporting.web.words import WORDS
from tests.reporting.entries import CYCLE, MINISTRY, Entries
from tests.reporting.web.conftest import site_on
from tests.reporting.web.html import Page
from tests.reporting.year import founding
from thidua.audit.checks import Verdict
from thidua.contracts import CONTRACTS
from thidua.contracts import ballots as b
from thidua.contracts import rulebook as r
from thidua.contracts import units as u
from thidua.contracts.base import Evidence
from thidua.event_names import EVENT_NAMES, event_name
from thidua.refusals import Code, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from sqlalchemy import Engine

YEAR = f"/nam/{CYCLE}"
CODES = sorted(
    {
        code
        for words in WORDS.values()
        for code, (vietnamese, english) in words.items()
        if "-" in code and code not in f"{vietnamese} {english}".lower()
    }
)
"""Codes that no page may show where a word is meant."""
ENGLISH = {"roll-call", "half-year", "cross-check", "self-score"}
ADDRESSES = [
    "/",
    "/don-vi",
    "/don-vi/{}",
    "/cum/{}/{}",
    "/su-kien",
    "/su-kien/{}",
    "/tu-choi",
    "/de-rieng",
    "/kiem-tra",
    "/bien-nhan",
    "/nam/{}/{}/{}",
    "/nam/BVHTTDL/BGPB/2020/bo-phieu/{}",
    "/nam/BVHTTDL/BGPB/2020/don-vi/{}",
    "/nam/BVHTTDL/BGPB/{}/xep-hang",
    "/v1/units/{}",
    "/v1/timeline/{}",
    "/v1/cycles/{}/{}/{}/board",
    "/v1/cycles/BVHTTDL/BGPB/{}/dossiers",
    "/v1/clusters/{}/{}/officers",
    "/v1/outcome",
    "/static/{}",
]


async def page_at(client: httpx.AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, path
    return Page.read(answer.text)


async def crawled(client: httpx.AsyncClient, start: str) -> dict[str, httpx.Response]:
    """Every page and document that links lead to, by address."""
    found: dict[str, httpx.Response] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = found[path] = await client.get(path)
        if answer.headers["content-type"].startswith("text/html"):
            links = {link.partition("#")[0] for link in Page.read(answer.text).links}
            assert all(link.startswith("/") for link in links if link), path
            waiting += sorted(link for link in links if link)
    return found


@pytest.mark.parametrize(("start", "language"), [("/", "vi"), ("/en/", "en")])
async def test_every_link_leads_to_a_whole_page_in_words(
    start: str, language: str, client: httpx.AsyncClient
) -> None:
    found = await crawled(client, start)
    assert {path for path, answer in found.items() if answer.status_code != 200} == set()
    pages = {
        path: Page.read(answer.text)
        for path, answer in found.items()
        if answer.headers["content-type"].startswith("text/html")
    }
    assert len(pages) > 200
    for path, page in pages.items():
        assert page.faults == [], path
        assert page.language == ("en" if path.startswith("/en/") else "vi"), path
        assert page.headings.count("h1") == 1, path
        assert "noi-dung" in page.ids, path
        assert "SỔ THỬ / SANDBOX" in page.text, path
        assert re.search(r"(vị trí nhật ký|log position) [0-9]", page.text), path
        assert not re.search(
            r"\bNone\b|\bundefined\b|\{\{|\{%|\}\}|<built-in|Traceback", page.text
        ), path
        stray = [code for code in CODES if re.search(rf"(?<![\w-]){code}(?![\w-])", page.text)]
        # What a step is called in English is sometimes its code.
        assert set(stray) <= (ENGLISH if path.startswith("/en/") else set()), path
    assert len([path for path in pages if path.startswith("/en/")]) == len(pages) // 2


async def test_every_page_has_a_twin_in_the_other_language(client: httpx.AsyncClient) -> None:
    for path in ("/", "/don-vi/LCA", f"{YEAR}/xep-hang", f"{YEAR}/bo-phieu/phieu-1"):
        vietnamese, english = await page_at(client, path), await page_at(client, f"/en{path}")
        assert f"/en{path}" in vietnamese.links
        assert path in english.links
        assert (vietnamese.language, english.language) == ("vi", "en")


async def test_the_board_shows_each_step_and_where_it_stands_in_the_log(
    client: httpx.AsyncClient,
) -> None:
    board = await page_at(client, YEAR)
    assert "Từng đơn vị đã làm gì, tính đến ngày 26/03/2021" in board.text
    assert "✓ Đã xong" in board.text
    assert "⚠ Xong, muộn" in board.text
    assert "hạn 24/03/2020" in board.text
    assert "Báo cáo sáu tháng" in board.text
    assert any(re.fullmatch(r"/su-kien/\d+", link) for link in board.links)


async def test_points_and_money_are_written_as_people_here_write_them(
    client: httpx.AsyncClient,
) -> None:
    assert "98,5" in (await page_at(client, f"{YEAR}/xep-hang")).text
    assert "47.680.000 đồng" in (await page_at(client, f"{YEAR}/khen-thuong")).text
    assert "47,680,000 đồng" in (await page_at(client, f"/en{YEAR}/khen-thuong")).text
    assert "05/02/2021" in (await page_at(client, f"{YEAR}/khen-thuong")).text


async def test_titles_units_and_states_are_named(client: httpx.AsyncClient) -> None:
    awards = await page_at(client, f"{YEAR}/khen-thuong")
    for word in ("Cờ thi đua của Bộ", "Bằng khen của Bộ trưởng", "Sở VHTTDL Lào Cai", "Đã tặng"):
        assert word in awards.text
    english = await page_at(client, f"/en{YEAR}/khen-thuong")
    for word in ("Emulation flag of the Ministry", "Department of Culture of Lào Cai", "Awarded"):
        assert word in english.text


async def test_a_ballot_shows_its_figures_and_the_threshold(client: httpx.AsyncClient) -> None:
    ballot = await page_at(client, f"{YEAR}/bo-phieu/phieu-1")
    for word in ("Cờ thi đua của Bộ", "Phát ra 7", "Thu về 7", "Hợp lệ 7", "Không hợp lệ 0"):
        assert word in ballot.text
    assert "Cần 5 phiếu" in ballot.text


async def test_neighbours_are_one_step_apart(client: httpx.AsyncClient) -> None:
    unit = await page_at(client, f"{YEAR}/don-vi/LCA")
    assert {f"{YEAR}/xep-hang", f"{YEAR}/bo-phieu", "/don-vi/LCA"} <= set(unit.links)
    assert any(link.startswith("/su-kien?") for link in unit.links)
    for path in (f"{YEAR}/xep-hang", f"{YEAR}/bo-phieu", f"{YEAR}/giao-uoc"):
        assert f"{YEAR}/don-vi/LCA" in (await page_at(client, path)).links


async def test_a_refused_event_says_why_and_what_to_do_on_its_page(
    client: httpx.AsyncClient,
) -> None:
    refused = await page_at(client, "/tu-choi")
    [position, *_] = [link for link in refused.links if re.fullmatch(r"/su-kien/\d+", link)]
    page = await page_at(client, position)
    assert "Vì sao bị từ chối" in page.text
    assert "Cách khắc phục" in page.text


@pytest.mark.parametrize(
    "path", ["/khong-co", "/don-vi/ZZZ", "/nam/BVHTTDL/BGPB/1999", f"{YEAR}/bo-phieu/khong-co"]
)
async def test_an_unknown_page_says_so_in_words(path: str, client: httpx.AsyncClient) -> None:
    for prefix, words in (("", "Không tìm thấy"), ("/en", "Not found")):
        answer = await client.get(prefix + path)
        assert answer.status_code == 404
        page = Page.read(answer.text)
        assert page.faults == []
        assert words in page.text


async def test_pages_take_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/", "/khong-co", "/v1/units", "/static/thidua.css"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
    css = (await client.get("/static/thidua.css")).text
    assert "http" not in css
    assert "@import" not in css


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    address=st.sampled_from(ADDRESSES),
    parts=st.lists(
        st.text(max_size=12) | st.binary(max_size=6) | st.sampled_from(["0", "2020", "LCA"]),
        min_size=3,
    ),
    query=st.dictionaries(
        st.sampled_from(
            ["subject", "unit", "type", "before", "most", "version", "cycle", "as_of", "hash"]
        ),
        st.text(max_size=20) | st.integers().map(str) | st.just(CYCLE),
    ),
    english=st.booleans(),
)
def test_nonsense_in_an_address_never_breaks_the_site(
    site: FastAPI, address: str, parts: list[str | bytes], query: dict[str, str], english: bool
) -> None:
    path = address.format(*(quote(part, safe="") for part in parts))
    path = f"/en{path}" if english else path

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(site)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.get(f"{path}?{urlencode(query)}")

    assert asyncio.run(ask()).status_code < 500


def test_every_word_is_there_in_both_languages() -> None:
    for words in WORDS.values():
        for vietnamese, english in words.values():
            assert vietnamese.strip()
            assert english.strip()


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("step", {*STEPS, "pledge-sent", "cluster-report"}),
        ("milestone", set(MILESTONES.values())),
        ("read model", {one.name for one in ALL}),
        ("mode", set(b.Mode.__args__)),
        ("answer", set(b.Answer.__args__)),
        ("office", set(b.Office.__args__)),
        ("invalid", set(b.InvalidReason.__args__)),
        ("lamp", set(LAMPS)),
        ("verdict", set(map(str, Verdict))),
        ("rule", set(r.Rule.__args__)),
        ("tie", {*r.TieStep.__args__, "equal", "ranking"}),
        ("next", set(b.OutcomeDecided.model_fields["next"].annotation.__args__)),
        ("closed by", set(b.BallotClosed.model_fields["reason"].annotation.__args__)),
    ],
)
def test_no_code_is_without_a_word(kind: str, codes: set[str]) -> None:
    assert set(WORDS[kind]) == codes


def test_every_event_type_has_a_vietnamese_name() -> None:
    assert set(EVENT_NAMES) == set(CONTRACTS)
    assert event_name("thidua.units.never-heard.v1", "vi") == "never heard"


async def test_a_refusal_names_units_and_days_not_codes(client: httpx.AsyncClient) -> None:
    refused = (await page_at(client, "/tu-choi")).text
    assert "24/03/2020" in refused
    assert "2020-03-24" not in refused
    assert (
        "Sự kiện “đăng ký thi đua” của Sở VHTTDL Cao Bằng bị từ chối"
        in (await page_at(client, "/su-kien?most=500")).text
    )


async def test_the_site_reads_every_database(
    told: Engine, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    async with visit(site_on(told)) as client:
        for under in ("", "/xep-hang", "/giao-uoc", "/bo-phieu", "/khen-thuong", "/ho-so"):
            await page_at(client, f"{YEAR}{under}")
        for path in ("/", "/don-vi/LCA", "/su-kien?unit=LCA", "/tu-choi", "/kiem-tra"):
            await page_at(client, path)
        assert (await client.get(f"/v1/timeline/{2**53}")).status_code == 404
        assert (await client.get(f"/v1/timeline?before={2**53}")).status_code == 200


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("2020-11-21T02:49:00+00:00", "21/11/2020 09:49"),
        ("2020-11-21T02:49:00.000Z", "21/11/2020 09:49"),
        ("2020-03-24", "24/03/2020"),
        ("2020-13-45", "2020-13-45"),
        ("2020-13-45T99:99:99Z", "2020-13-45T99:99:99Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_moment_among_the_facts_of_a_refusal_is_shown_in_local_time_if_it_is_one(
    fact: str, shown: str
) -> None:
    told = problem(Code.BALLOT_CLOSED, {"ballot": "phieu-3", "closed": fact})
    assert shown in Speech("vi").reason(told)["detail"]


def test_a_day_inside_a_phrase_is_written_as_in_the_language_of_the_page() -> None:
    told = problem(Code.DATE_INVALID, {"given": "2021-02-01", "expected": "<= 2021-01-15"})

    assert Speech("vi").reason(told)["detail"] == (
        "Ngày 01/02/2021 chưa phù hợp. Cần: không muộn hơn ngày 15/01/2021."
    )
    assert Speech("en").reason(told)["detail"] == (
        "The date 2021-02-01 does not fit. Expected: 2021-01-15 or earlier."
    )


async def test_a_reason_that_looks_like_a_day_breaks_no_page(
    engine: Engine, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    log = Entries()
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-01-10 08:00")
    reasons = ("2020-99-99", "2020-99-99T99:99:99.000Z", "<script>alert(1)</script>")
    for reason in reasons:
        log.says(MINISTRY, u.UnitSuspended(unit="LCA", reason=reason, basis=reason))
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    async with visit(site_on(engine)) as client:
        page = await client.get(f"/su-kien?subject={CYCLE}")
    assert page.status_code == 200
    for reason in reasons[:2]:
        assert reason in page.text
    assert "<script" not in page.text
    assert Page.read(page.text).faults == []


async def test_a_units_page_says_which_files_the_store_holds_and_who_else_uses_them(
    engine: Engine, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    log = Entries()
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-01-10 08:00")
    held, missing = "a" * 64, "b" * 64
    files = tuple(Evidence(sha256=one, bytes=10, name="Báo cáo <1>.pdf") for one in (held, missing))
    log.says("/units/LCA", u.ReportSubmitted(unit="LCA", kind="yearly", evidence=files))
    for code in ("LCA", "HGI"):
        stored = Evidence(sha256=held, bytes=10, name="aaaaaaaa.pdf")
        log.says("/services/door", u.EvidenceStored(unit=code, evidence=stored))
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    async with visit(site_on(engine)) as client:
        page = await page_at(client, f"{YEAR}/don-vi/LCA")
        english = await page_at(client, f"/en{YEAR}/don-vi/LCA")
    assert "✓ kho đã lưu" in page.text
    assert page.text.count("chưa có trong kho") == 1
    assert "Báo cáo <1>.pdf" in page.text
    assert f"{YEAR}/don-vi/HGI" in page.links
    assert "not in the store yet" in english.text
    assert "the same file is used by" in english.text


@pytest.mark.parametrize("root", ["", "/en"])
async def test_the_menu_marks_the_page_one_is_on_and_no_other(
    root: str, client: httpx.AsyncClient
) -> None:
    for path in ("/", "/don-vi", "/su-kien", "/tu-choi", "/kiem-tra", "/bien-nhan"):
        text = (await client.get(root + path)).text
        assert text.count('aria-current="page"') == 1
        assert f'href="{root}{path}" aria-current="page"' in text
    assert "aria-current" not in (await client.get(f"{root}/no-such-page")).text


async def test_a_page_of_a_year_that_has_nothing_yet_leads_to_what_is_next(
    client: httpx.AsyncClient,
) -> None:
    for under in ("xep-hang", "bo-phieu", "khen-thuong", "ho-so"):
        text = (await client.get(f"/nam/BVHTTDL/BGPB/2021/{under}")).text
        assert '<a href="/nam/BVHTTDL/BGPB/2021">Xem việc tiếp theo của năm</a>' in text, under
