"""The upload page: it checks a file, gives back the marked workbook or unsigned events, and keeps nothing."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING

import httpx
import openpyxl
import pytest
from starlette.types import Message

from tests.reporting.web.html import Page
from tests.shared.excel.workbooks import CYCLE, EVENTS, rules_2020, score_sheet
from thidua.excel.checking import check
from thidua.excel.container import MAX_FILE
from thidua.excel.exporting import exported
from thidua.excel.rules import KINDS, parse_events

if TYPE_CHECKING:
    from fastapi import FastAPI


async def upload(client: httpx.AsyncClient, raw: bytes, path: str = "/nop-excel") -> httpx.Response:
    return await client.post(path, files={"tep": ("tệp của tôi.xlsx", raw)})


def held(page: Page) -> bytes:
    [link] = [link for link in page.links if link.startswith("data:")]
    return base64.b64decode(link.partition(";base64,")[2])


async def test_a_faulty_file_is_told_by_row_and_given_back_marked(
    client: httpx.AsyncClient,
) -> None:
    raw = score_sheet({0: {"Điểm tự chấm": 99}, 3: {"Giải trình": "<script>=1</script> B¸o c¸o"}})
    answer = await upload(client, raw)
    assert answer.status_code == 422
    page = Page.read(answer.text)
    assert page.faults == []
    for word in (
        "Tệp còn 2 lỗi",
        "G4",
        "Điểm ngoài khung của tiêu chí",
        "0 đến 10",
        "chưa có gì được nộp",
    ):
        assert word in page.text
    assert "<script" not in answer.text
    book = openpyxl.load_workbook(io.BytesIO(held(page)))
    assert "Danh sách lỗi" in book.sheetnames


async def test_a_good_file_gives_events_to_sign_and_says_that_nothing_is_sent(
    client: httpx.AsyncClient,
) -> None:
    answer = await upload(client, score_sheet())
    assert answer.status_code == 200
    page = Page.read(answer.text)
    assert page.faults == []
    assert "Chưa nộp: trang này không giữ khóa ký của đơn vị" in page.text
    assert "thidua event send" in answer.text
    [told] = parse_events(held(page).decode())
    assert told.model_dump() == check(score_sheet()).events()[0]
    many = await upload(client, exported(rules_2020("dang-ky"), EVENTS), "/en/nop-excel")
    assert "thidua event send" not in many.text
    assert len(json.loads(held(Page.read(many.text)))) == 7


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"a,b", bytes(1_000_000)])
async def test_what_is_no_workbook_is_a_named_fault_in_words(
    raw: bytes, client: httpx.AsyncClient
) -> None:
    answer = await upload(client, raw)
    assert answer.status_code == 422
    assert "FILE_" in Page.read(answer.text).text


async def test_a_file_beyond_the_bound_is_not_taken_in(client: httpx.AsyncClient) -> None:
    answer = await upload(client, bytes(MAX_FILE + 30_000))
    assert answer.status_code == 413
    assert "FILE_TOO_LARGE" in answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (
            b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
            "multipart/form-data; boundary=x",
        ),
        (b"--x\r\n" * 1000, "multipart/form-data; boundary=x"),
        (b"tep=1", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/json"),
    ],
)
async def test_a_request_without_a_file_is_answered_in_words(
    body: bytes, kind: str, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/nop-excel", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert Page.read(answer.text).faults == []


async def test_the_body_is_not_read_on_once_it_is_too_long(site: FastAPI) -> None:
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": bytes(1_000_000), "more_body": True}

    answered: list[Message] = []

    async def send(message: Message) -> None:
        answered.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    scope = {"type": "http", "method": "POST", "path": "/nop-excel", "raw_path": b"/nop-excel"}
    scope |= {"query_string": b"", "headers": headers, "http_version": "1.1", "root_path": ""}
    await site({**scope, "scheme": "http", "server": ("site", 80)}, receive, send)
    assert answered[0]["status"] == 413
    assert asked <= MAX_FILE // 1_000_000 + 3


@pytest.mark.parametrize("kind", KINDS)
async def test_a_template_from_the_page_is_the_years_own(
    kind: str, client: httpx.AsyncClient
) -> None:
    page = Page.read((await client.get("/nop-excel")).text)
    address = f"/nop-excel/mau/{kind}/{CYCLE}"
    assert address in page.links
    answer = await client.get(address)
    assert answer.status_code == 200
    rules = check(answer.content).rules
    assert rules is not None
    assert (rules.kind, rules.subject) == (kind, CYCLE)
    assert {one.code for one in rules.units} == {one.code for one in rules_2020("dang-ky").units}


@pytest.mark.parametrize(
    "path", ["/nop-excel/mau/x/BVHTTDL/BGPB/2020", "/nop-excel/mau/tu-cham/BVHTTDL/BGPB/1999", "/nop-excel/mau/tu-cham/a/b/c"]
)  # fmt: skip
async def test_a_template_that_nobody_can_make_is_not_found(
    path: str, client: httpx.AsyncClient
) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_home_page_leads_to_the_upload_page(client: httpx.AsyncClient) -> None:
    assert "/nop-excel" in Page.read((await client.get("/")).text).links
