"""Two hundred rows of an Excel file through the real door: thirteen errors named and nothing recorded; mended, all recorded."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import uvicorn
from typer.testing import CliRunner

from tests.units.door.house import (
    AUTHORITY,
    CYCLE,
    KEY_REGISTERED,
    SECONDS,
    THREE,
    House,
    until,
)
from thidua.cli.app import app as command
from thidua.contracts import pledges as p
from thidua.excel.rules import gather, read_events
from thidua.excel.template import HEADING_ROW, filled
from thidua.signing import Algorithm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from click.testing import Result

    from thidua.publishing import Publisher

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = 200
FIRST = HEADING_ROW + 1
UNIT, TARGET, VALUE, DAY, NOTE = "ACFGH"
ERRORS: dict[str, tuple[Any, str]] = {
    f"{VALUE}10": ("tám mươi", "NUMBER_INVALID"),
    f"{VALUE}25": ("1.234", "NUMBER_AMBIGUOUS"),
    f"{VALUE}40": (None, "VALUE_MISSING"),
    f"{VALUE}55": ("12,345", "NUMBER_AMBIGUOUS"),
    f"{VALUE}70": ("98,123", "NUMBER_AMBIGUOUS"),
    f"{DAY}71": ("31/02/2023", "DATE_INVALID"),
    f"{DAY}90": ("tháng 3", "DATE_INVALID"),
    f"{DAY}101": (date(2023, 1, 1), "OVERLAP"),
    f"{NOTE}120": ("B¸o c¸o n¨m", "ENCODING_LEGACY"),
    f"{NOTE}140": ("Baùo caùo naêm", "ENCODING_LEGACY"),
    f"{TARGET}150": ("Chỉ tiêu lạ", "TARGET_UNKNOWN"),
    f"{UNIT}160": ("SOB", "ROLE_REQUIRED"),
    f"{NOTE}203": ("#DIV/0!", "FORMULA_ERROR"),
}


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """A running app on a port of this machine."""
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        given.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve([given]))

        async def started() -> bool:
            return server.started

        await until(started, "the server starts")
        try:
            yield f"http://127.0.0.1:{given.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, SECONDS)


def two_hundred_rows(path: Path) -> None:
    """The results of one unit on two hundred days."""
    rules = gather("ket-qua", read_events(THREE), CYCLE)
    first = date(2023, 1, 1)
    rows = [
        {
            "unit": "SOA",
            "target": "dung-han",
            "value": Decimal(80) + Decimal(at) / 10,
            "as_of": first + timedelta(days=at),
            "note": "Kết quả thực hiện trong ngày",
        }
        for at in range(ROWS)
    ]
    path.write_bytes(filled(rules, rows))


def change(path: Path, to: Path, cells: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(path)
    for cell, value in cells.items():
        book.worksheets[0][cell].value = value
    book.save(to)


async def run(
    house: House, url: str, folder: Path, publisher: Publisher, file: Path, *more: str
) -> Result:
    """``thidua excel import`` as the unit's person on duty runs it."""
    key = folder / "soa.pem"
    key.write_bytes(publisher.key.to_pem())
    words = ["excel", "import", str(file), "--key-file", str(key), "--kid", publisher.kid]
    words += ["--source", "/units/SOA", "--origin", house.founding.origin, "--url", url]
    words += ["--outbox", str(folder / "outbox"), *more]
    return await asyncio.to_thread(CliRunner().invoke, command, words)


async def desk_of(house: House, kid: str) -> Publisher:
    """A key of its own for the person at the workbook: one key, one writer."""
    desk = house.publisher("SOA", Algorithm.ES256, kid=kid)
    registered = house.sign(AUTHORITY, KEY_REGISTERED, house.registration(desk), subject=AUTHORITY)
    assert (await house.send(AUTHORITY, registered)).json()["outcome"] == "recorded"
    return desk


async def test_thirteen_errors_are_named_and_nothing_is_sent_then_two_hundred_are_recorded(
    year: House, tmp_path: Path
) -> None:
    # The guest member signs too: the pledge is concluded and takes results.
    signed = {"unit": "SOD", "version": 1, "signer_role": "Giám đốc"}
    told = await year.send("SOD", year.sign("SOD", p.PledgeSigned.TYPE, signed))
    assert told.json()["outcome"] == "recorded", told.text
    good, bad = tmp_path / "ket-qua.xlsx", tmp_path / "ket-qua-loi.xlsx"
    two_hundred_rows(good)
    change(good, bad, {cell: value for cell, (value, _) in ERRORS.items()})
    desk = await desk_of(year, "SOA/excel-1")
    before = await year.log.tail()

    async with listening(year.app) as url:
        refused = await run(year, url, tmp_path, desk, bad, "--json")
        report = json.loads(refused.stdout)
        assert refused.exit_code == 3
        named = {fault["cell"]: fault["code"] for fault in report["faults"]}
        places = {cell: code for cell, (_, code) in ERRORS.items()}
        twice = next(cell for cell, code in places.items() if code == "OVERLAP")
        places[f"{TARGET}{twice[1:]}"] = places.pop(twice)
        assert named == places
        assert len(report["faults"]) == len(ERRORS) == 13
        assert await year.log.tail() == before

        tried = await run(year, url, tmp_path, desk, good, "--dry-run")
        assert tried.exit_code == 0, tried.output
        assert await year.log.tail() == before

        sent = await run(year, url, tmp_path, desk, good, "--json")
        assert sent.exit_code == 0, sent.output
        summary = json.loads(sent.stdout)
        assert (summary["recorded"], summary["asked"]) == (ROWS, ROWS)
        positions = [result["position"] for result in summary["results"]]
        assert positions == list(range(before + 1, before + 1 + ROWS))

        again = await run(year, url, tmp_path, desk, good, "--from-event", str(ROWS))
        assert again.exit_code == 0
        assert "1/1" in again.output


async def test_a_refusal_stops_the_import_and_says_where_to_go_on(
    year: House, tmp_path: Path
) -> None:
    events = tmp_path / "su-kien.json"
    one = {
        "type": "thidua.units.report-submitted.v1",
        "subject": CYCLE,
        "data": {"unit": "SOA", "kind": "yearly"},
    }
    wrong = {**one, "subject": "BNV/KHOI-3/1999"}
    events.write_text(json.dumps([one, wrong, one]), encoding="utf-8")
    desk = await desk_of(year, "SOA/excel-2")
    async with listening(year.app) as url:
        done = await run(year, url, tmp_path, desk, events)
    assert done.exit_code == 8
    assert "--from-event 2" in done.output
    assert "1/3" in done.output
