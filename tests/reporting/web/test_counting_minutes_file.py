"""The counting minutes as a Word file: the figures of the page, blanks for people, and the same bytes whenever it is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.reporting.archive import SealedLog
from services.reporting.database import open_engine
from services.reporting.documents.paper import DOTS
from services.reporting.following import Projector
from services.reporting.web.documents import DOCX
from tests.ballots.secret.phieu_kin import NAME
from tests.reporting.archives import ORIGIN, archive_in
from tests.reporting.entries import CYCLE, MINISTRY, Entries, unit
from tests.reporting.web.conftest import site_on
from tests.reporting.web.html import Page
from tests.reporting.web.test_secret_ballot import counted, entries
from tests.reporting.word_files import WordFile, read_word
from tests.reporting.year import founding, year_2020
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import Share
from thidua.tlog.notes import unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from sqlalchemy import Engine

PAGE = f"/nam/{CYCLE}/bo-phieu/{{}}/bien-ban"
FILE = f"{PAGE}.docx"
MINUTES = f"/v1/cycles/{CYCLE}/ballots/{{}}/minutes"
SOUTH = "Sở Văn hóa, Thể thao và Du lịch"


async def asked(site: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(site)
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        return await client.get(path)


async def opened(site: FastAPI, ballot: str) -> WordFile:
    answer = await asked(site, FILE.format(ballot))
    assert answer.status_code == 200, answer.text
    return read_word(answer.content)


class Sites:
    """Sites over logs, each in a folder of its own; their databases are let go together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engines: list[Engine] = []

    def of(
        self, log: Entries, name: str, *, sealed: int | None = None, sandbox: bool = True
    ) -> FastAPI:
        """The site of a log, its first entries sealed: all, unless another number is given."""
        folder = self.folder / name
        folder.mkdir()
        engine = open_engine(f"sqlite:///{folder}/read.sqlite3")
        self.engines.append(engine)
        projector = Projector(engine)
        projector.start()
        projector.apply(log.raw)
        wanted = len(log.raw) if sealed is None else sealed
        if wanted:
            archive = archive_in(folder)
            archive.seal(log.raw[:wanted])
            archive.stop()
        return site_on(engine, folder, sandbox=sandbox)


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    made = Sites(tmp_path)
    yield made
    for engine in made.engines:
        engine.dispose()


def figures(minutes: dict[str, Any], *, answered: bool) -> list[list[str]]:
    """The rows of the nominees as the JSON has them."""
    outcomes = {"passed": "được chọn", "not-passed": "không được chọn"}
    rows = []
    for place, line in enumerate(minutes["lines"], 1):
        marks = [line["yes"], line["no"], line["none"]] if answered else [line["yes"]]
        percent = f"{line['percent'].replace('.', ',')}%"
        name = minutes["names"][line["unit"]]
        rows.append([str(place), name, *map(str, marks), percent, outcomes[line["outcome"]]])
    return rows


async def test_the_file_of_a_paper_ballot_has_every_figure_the_board_and_its_places_to_sign(
    site: FastAPI,
) -> None:
    minutes = (await asked(site, MINUTES.format("phieu-2"))).json()["data"]
    file = await opened(site, "phieu-2")
    assert file.tables[1][1:] == figures(minutes, answered=True)
    assert file.tables[1][4][2:6] == ["6", "1", "0", "85,71%"]
    assert file.tables[2][1] == ["1", "truong-ban", "7", "7", "truong-ban", "–"]
    for line in (
        "Kiểm phiếu: Bằng khen của Bộ trưởng năm 2020",
        "Căn cứ TT 07/2019/TT-BVHTTDL;",
        "Căn cứ Quy chế Cụm 2020.",
        "3. Ban kiểm phiếu gồm 1 người:",
        f"- Ông (bà) {DOTS}, {SOUTH} Cao Bằng, Trưởng ban (truong-ban).",
        "- Số phiếu chuẩn bị: 8, còn lại, đã hủy: 1;",
        "- Số phiếu phát ra: 7;",
        "- Số phiếu thu về: 7;",
        "- Số phiếu hợp lệ: 7;",
        "- Số phiếu không hợp lệ: 0.",
        "TM. BAN KIỂM PHIẾU",
        "TRƯỞNG BAN",
    ):
        assert line in file.lines, line
    assert "tức 4 phiếu; số chỗ: 4" in file.text
    assert f"Được chọn, theo thứ tự: {SOUTH} Sơn La (7 phiếu); " in file.text
    assert "V. Hòm phiếu kín" not in file.text


async def test_the_file_of_a_roll_call_has_neither_slips_nor_board_nor_box(site: FastAPI) -> None:
    minutes = (await asked(site, MINUTES.format("phieu-3"))).json()["data"]
    file = await opened(site, "phieu-3")
    assert file.tables[1][1:] == figures(minutes, answered=True)
    assert "Kiểm phiếu: Cụm trưởng năm 2021" in file.lines
    assert f"3. Thư ký: Ông (bà) {DOTS}." in file.lines
    assert {"THƯ KÝ", "CHỦ TRÌ", "- Số phiếu phát ra: 7;"} <= set(file.lines)
    for absent in ("Ban kiểm phiếu", "BAN KIỂM PHIẾU", "chuẩn bị", "Niêm hòm", "Mã tra cứu"):
        assert absent not in file.text
    assert len(file.tables) == 3


async def test_the_file_of_a_secret_ballot_has_fingerprint_trustees_bel_and_trackers(
    sites: Sites,
) -> None:
    site = sites.of(entries(counted()), "site")
    minutes = (await asked(site, MINUTES.format(NAME))).json()["data"]
    box = minutes["secret"]
    file = await opened(site, NAME)
    assert file.tables[1][1:] == figures(minutes, answered=False)
    assert f"Dấu vân nội dung phiếu: {box['fingerprint']}" in file.lines
    assert f"SHA-256: {box['bel_sha256']}" in file.text
    assert "(7; đã thay bằng phiếu sau: 1):" in file.text
    first = file.lines.index(f"- {box['trackers'][0]}")
    assert file.lines[first : first + 7] == [f"- {one}" for one in box["trackers"]]
    holders = [line for line in file.lines if "nơi giữ" in line]
    assert [("đã tham gia" in line) for line in holders] == [True, False, True, False, True]
    assert "tìm thấy trong hòm: 0/7." in file.text
    assert {"ĐẠI DIỆN NGƯỜI GIỮ KHÓA", "CHỦ TRÌ"} <= set(file.lines)
    assert "- Số phiếu không hợp lệ: 0 (phiếu sai mẫu bị từ chối ngay khi bỏ)." in file.lines


async def test_what_the_log_does_not_say_is_a_blank_to_fill(site: FastAPI) -> None:
    for ballot in ("phieu-1", "phieu-3"):
        file = await opened(site, ballot)
        [[left, right]] = file.tables[0]
        assert left.split("\n")[-1] == "Số: ……/BB-……"
        assert right.split("\n")[-1] == "………………, ngày …… tháng …… năm ……"
        [places] = file.tables[-1]
        assert all(place.split("\n")[-2:] == ["(ký, ghi rõ họ tên)", DOTS] for place in places)
        assert f"chủ trì: Ông (bà) {DOTS}, {SOUTH} Lai Châu" in file.text
        assert "Biên bản được lập xong lúc …… giờ …… phút, ngày …… tháng …… năm ……" in file.text
        assert any(line.startswith("BẢN NHÁP") for line in file.lines)


async def test_the_page_leads_to_the_file_of_the_moment_it_shows(site: FastAPI) -> None:
    for language in ("", "/en"):
        page = await asked(site, f"{language}{PAGE.format('phieu-1')}")
        assert FILE.format("phieu-1") in Page.read(page.text).links
        earlier = await asked(site, f"{language}{PAGE.format('phieu-1')}?as_of=150")
        assert f"{FILE.format('phieu-1')}?as_of=150" in Page.read(earlier.text).links
    answer = await asked(site, f"{FILE.format('phieu-1')}?as_of=150")
    assert answer.headers["content-type"] == DOCX
    assert answer.headers["content-disposition"] == (
        'attachment; filename="bien-ban-kiem-phieu-BGPB-2020-phieu-1-150.docx"'
    )
    assert "số liệu đến vị trí 150." in read_word(answer.content).foot[0]


@pytest.mark.parametrize(
    "path",
    [
        FILE.format("khong-co"),
        FILE.format("phieu-1").replace("2020", "1999"),
        f"{FILE.format('phieu-1')}?as_of=20",
        f"{FILE.format('phieu-1')}?as_of=hom-qua",
    ],
)
async def test_there_is_no_file_of_what_is_not_counted_or_unknown(site: FastAPI, path: str) -> None:
    answer = await asked(site, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_made_of_the_same_entries_it_is_the_same_file_however_far_the_log_has_gone_on(
    site: FastAPI, sites: Sites
) -> None:
    log = year_2020()
    for position in (150, len(log.raw)):
        now = sites.of(Entries(raw=log.raw[:position]), str(position))
        first = await asked(now, FILE.format("phieu-1"))
        again = await asked(now, FILE.format("phieu-1"))
        later = await asked(site, f"{FILE.format('phieu-1')}?as_of={position}")
        assert first.status_code == 200
        assert first.content == again.content == later.content
        [foot] = {tuple(read_word(each.content).foot) for each in (first, later)}
        files = SealedLog(sites.folder / str(position)).files()
        short = unsigned(ORIGIN, position, files.root()).short
        assert foot[1] == f"Điểm niêm của {ORIGIN}: {short}"


async def test_a_position_that_is_not_sealed_is_said_to_be_none(sites: Sites) -> None:
    log = year_2020()
    for name, sealed in (("none", 0), ("some", 150)):
        file = await opened(sites.of(log, name, sealed=sealed), "phieu-1")
        assert file.foot[1] == "Điểm niêm: vị trí này chưa niêm."


async def test_only_the_file_of_a_log_that_plays_says_so_and_under_every_sheet(
    site: FastAPI, sites: Sites
) -> None:
    assert "THỬ NGHIỆM" in (await opened(site, "phieu-1")).foot[2]
    real = sites.of(year_2020(), "real", sandbox=False)
    assert len((await opened(real, "phieu-1")).foot) == 2


def roll_call(marks: dict[str, b.Answer], reason: str | None = None) -> Entries:
    """A roll call of two; with a *reason* it is void."""
    log = Entries()
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-11-21 08:00")
    opening = {"ballot": "goi-ten", "about": "co-bo", "mode": "roll-call", "nominees": ("LCA",)}
    log.says(unit("LCH"), b.BallotOpened(**opening))
    for code, answer in marks.items():
        log.says(unit(code), b.VoteCast(ballot="goi-ten", marks={"LCA": answer}))
    if reason is not None:
        log.says(unit("LCH"), b.BallotVoided(ballot="goi-ten", reason=reason))
        return log
    log.says("/services/ballots", b.BallotClosed(ballot="goi-ten", reason="all-voted"))
    two = {"issued": 2, "returned": 2, "valid": 2, "written": 0}
    answers = {"LCA": b.Answers(yes=1, no=1)}
    tally = b.TallyPublished(ballot="goi-ten", mode="roll-call", marks=answers, **two)
    log.says("/services/ballots", tally)
    threshold = {"base_of": "members", "base": 2, "share": Share(num=2, den=3), "needed": 2}
    outcome = b.OutcomeDecided(
        ballot="goi-ten", about="co-bo", rulebook=1, round=1, members=2, participants=2, quorum=2,
        places=1, votes={"LCA": 1}, reached=(), passed=(), next="empty", **threshold,
    )  # fmt: skip
    log.says("/services/ballots", outcome)
    return log


async def test_who_voted_what_does_not_change_a_byte_of_the_file(sites: Sites) -> None:
    made = []
    for name, marks in (("a", ("yes", "no")), ("b", ("no", "yes"))):
        log = roll_call(dict(zip(("LCA", "HGI"), marks, strict=True)))
        # Without a checkpoint, which is another for other votes.
        site = sites.of(log, name, sealed=0)
        made.append((await asked(site, FILE.format("goi-ten"))).content)
    first, second = made
    assert read_word(first).tables[1][1][2:5] == ["1", "1", "0"]
    assert first == second


async def test_no_line_of_the_file_names_a_voter_beside_a_tracker_and_no_hash_but_the_archives_stands_in_it(
    sites: Sites,
) -> None:
    log = entries(counted())
    site = sites.of(log, "site")
    file = await opened(site, NAME)
    minutes = (await asked(site, MINUTES.format(NAME))).json()["data"]
    for line in file.lines:
        if any(tracker in line for tracker in minutes["secret"]["trackers"]):
            assert re.fullmatch(r"- [A-Za-z0-9+/]{43}", line)
    hashes = set(re.findall(r"\b[0-9a-f]{64}\b", file.text))
    assert hashes == {minutes["secret"]["bel_sha256"]}


async def test_a_void_ballot_says_why_whatever_was_written_as_the_reason(sites: Sites) -> None:
    reason = "Hòm <w:p> bị \x00 vỡ & ]]> {{ 1 }}\r\n\ufffe mở"
    site = sites.of(roll_call({}, reason), "site")
    file = await opened(site, "goi-ten")
    shown = "Hòm <w:p> bị \ufffd vỡ & ]]> {{ 1 }}  \ufffd mở"
    assert f"Cuộc bỏ phiếu không có kết quả (đã hủy): {shown}." in file.lines
    assert "Không kiểm phiếu." in file.lines
    assert "2. Lấy ý kiến các thành viên, không họp. Chủ trì:" in file.text
