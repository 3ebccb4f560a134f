"""The auditor's commands on a folder: replay, diff and export, held to the policy before they say anything."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
from dataclasses import replace
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from services.auditing import commands
from services.auditing.dictionary import meanings
from services.auditing.exporting import DICTIONARY, EVENTS, SUMS, _cell
from services.auditing.minuting import minutes_of, say_minutes
from services.founding import found, plan
from services.reporting.columns import METADATA
from services.reporting.projections import ALL
from services.reporting.reading import Reading
from services.reporting.web.words import in_both
from tests.audit.copies import Copy
from thidua.audit.held import hold
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy, write_policy
from thidua.tlog.tiles import CHECKPOINT, bundle_path

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

RUN = CliRunner()
APP = typer.Typer()
for name, command in (
    ("replay", commands.replay),
    ("diff", commands.diff),
    ("explain", commands.explain_result),
    ("export", commands.export_folder),
    ("minutes", commands.minutes),
):
    APP.command(name)(command)


def run(copy: Copy, paper: Path, name: str, *arguments: str) -> Result:
    policy = paper / "policy.txt"
    policy.write_text(write_policy(copy.policy))
    return RUN.invoke(APP, [name, str(copy.folder), *arguments, "--policy", str(policy)])


def told(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def test_the_replayed_figures_are_the_published_ones(year_folder: Copy, tmp_path: Path) -> None:
    result = run(year_folder, tmp_path, "replay")
    assert result.exit_code == 0, result.output
    assert "ĐÚNG: bằng các dấu vân đã công bố" in result.stdout
    document = told(run(year_folder, tmp_path, "replay", "--json"))
    assert document["fingerprints"] == document["published"]
    assert set(document["fingerprints"]) == {one.name for one in ALL}


def test_other_published_figures_are_named_and_end_in_4(year_copy: Copy, tmp_path: Path) -> None:
    document = told(run(year_copy, tmp_path, "replay", "--json"))
    year_copy.publish({**document["fingerprints"], "ranking": "0" * 64}, year_copy.size)
    result = run(year_copy, tmp_path, "replay")
    assert result.exit_code == 4
    assert "KHÔNG ĐÚNG" in result.stdout
    [line] = [line for line in result.stdout.splitlines() if line.startswith("✗")]
    assert "Xếp hạng" in line


def test_published_figures_of_another_version_are_said_not_to_be_comparable_and_end_in_9(
    year_copy: Copy, tmp_path: Path
) -> None:
    document = told(run(year_copy, tmp_path, "replay", "--json"))
    other = {**document["versions"], "ranking": "2-0123456789abcdef"}
    year_copy.publish(document["fingerprints"], year_copy.size, other)
    result = run(year_copy, tmp_path, "replay")
    assert result.exit_code == 9
    assert "? ranking: công bố theo bản 2-0123456789abcdef" in result.stdout
    assert told(run(year_copy, tmp_path, "replay", "--json"))["published_versions"] == other


def test_a_position_a_time_and_a_kept_checkpoint_mean_a_beginning_of_the_log(
    year_folder: Copy, tmp_path: Path
) -> None:
    def at(moment: str) -> int:
        return int(told(run(year_folder, tmp_path, "replay", "--json", "--at", moment))["position"])

    assert at("checkpoint") == year_folder.size
    assert at("105") == 105
    assert at("2020-11-13T10:00:00+07:00") == 107
    assert at("2020-11-12") < 105
    assert at(str(year_folder.folder / CHECKPOINT)) == year_folder.size
    rows = told(
        run(year_folder, tmp_path, "replay", "--json", "--at", "106", "--model", "ranking")
    )["tables"]
    assert [row["unit"] for row in rows["standings"]] == sorted(
        row["unit"] for row in rows["standings"]
    )
    assert len(rows["standings"]) == 7


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--at", "nonsense"], 2),
        (["--at", "9999"], 2),
        (["--model", "nothing"], 2),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_line(
    arguments: list[str], code: int, year_folder: Copy, tmp_path: Path
) -> None:
    result = run(year_folder, tmp_path, "replay", *arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.strip()


@pytest.mark.parametrize("name", ["replay", "diff", "explain", "export", "minutes"])
def test_nothing_is_said_of_a_folder_that_another_key_signed(
    name: str, year_copy: Copy, tmp_path: Path
) -> None:
    other = NoteSigner(year_copy.signer.name, SigningKey.generate(Algorithm.EDDSA))
    year_copy.sealed_again(year_copy.entries(), other)
    arguments = {
        "diff": ("--between", "1", "2"),
        "explain": ("pledge", "BVHTTDL/BGPB/2020"),
        "minutes": ("BVHTTDL/BGPB/2020", "phieu-1"),
        "export": ("--to", str(tmp_path / "out")),
    }.get(name, ())
    result = run(year_copy, tmp_path, name, *arguments)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "A proof says no" in result.stderr


def test_an_entry_that_differs_from_its_leaf_ends_the_replay(
    year_copy: Copy, tmp_path: Path
) -> None:
    path = year_copy.folder / bundle_path(0, year_copy.size)
    path.write_bytes(path.read_bytes().replace(b'"rx":"2020', b'"rx":"2021', 1))
    result = run(year_copy, tmp_path, "replay")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "position 1" in result.stderr


def test_a_missing_file_is_not_called_a_lie(year_copy: Copy, tmp_path: Path) -> None:
    (year_copy.folder / bundle_path(0, year_copy.size)).unlink()
    assert run(year_copy, tmp_path, "replay").exit_code == 9


def test_a_policy_inside_the_folder_proves_nothing(year_copy: Copy) -> None:
    result = run(year_copy, year_copy.folder, "replay")
    assert result.exit_code == 9
    assert "nằm trong chính kho lưu" in result.stderr


@pytest.mark.parametrize("text", [b"", b"hello\n", b"\xff\xfe", b"log so.vn/p0+00000000+AAAA\n"])
def test_a_policy_that_cannot_be_read_says_nothing_about_the_archive(
    text: bytes, year_folder: Copy, tmp_path: Path
) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_bytes(text)
    result = RUN.invoke(APP, ["replay", str(year_folder.folder), "--policy", str(paper)])
    assert result.exit_code == 9
    assert "tệp chính sách không dùng được" in result.stderr
    assert "hồ sơ giấy" in result.stderr


def test_asking_for_what_this_copy_does_not_hold_is_wrong_usage_and_no_proof(
    year_folder: Copy, tmp_path: Path
) -> None:
    no_checkpoint = tmp_path / "no-checkpoint"
    no_checkpoint.write_text("hello\n")
    for asked in ("99999", str(no_checkpoint)):
        result = run(year_folder, tmp_path, "replay", "--at", asked)
        assert result.exit_code == 2
        assert "KHÔNG ĐÚNG" not in result.stderr


def test_a_shorter_copy_is_a_beginning_of_the_longer(
    year_folder: Copy, year_copy: Copy, tmp_path: Path
) -> None:
    year_copy.sealed_again(year_copy.entries()[:150])
    result = run(year_copy, tmp_path, "diff", str(year_folder.folder))
    assert result.exit_code == 0, result.output
    assert "Bản ngắn là phần đầu" in result.stdout
    same = run(year_folder, tmp_path, "diff", str(year_folder.folder), "--json")
    assert told(same)["common"] == year_folder.size


@pytest.mark.parametrize("place", [1, 120, 227, 228])
def test_two_histories_under_one_key_are_told_apart_at_the_first_entry_with_both_checkpoints(
    place: int, year_folder: Copy, year_copy: Copy, tmp_path: Path
) -> None:
    entries = year_copy.entries()
    changed = entries[place - 1].replace(b'"rx":"20', b'"rx":"19', 1)
    year_copy.sealed_again([*entries[: place - 1], changed, *entries[place:]])
    result = run(year_folder, tmp_path, "diff", str(year_copy.folder))
    assert result.exit_code == 4, result.output
    assert f"KHÁC NHAU từ mục {place} " in result.stdout
    for one in (year_folder, year_copy):
        assert hold(one.folder, one.policy).checkpoint.note in result.stdout


def test_what_changed_between_two_positions_is_told_row_by_row(
    year_folder: Copy, tmp_path: Path
) -> None:
    result = run(year_folder, tmp_path, "diff", "--between", "105", "106")
    assert result.exit_code == 0, result.output
    assert "+ standings BVHTTDL/BGPB/2020 1 LCA: mới / new" in result.stdout
    document = told(run(year_folder, tmp_path, "diff", "--between", "105", "106", "--json"))
    assert {one["model"] for one in document["changes"]} == {
        "cycles", "ranking", "keys", "timeline",
    }  # fmt: skip
    none = run(year_folder, tmp_path, "diff", "--between", "106", "106")
    assert "Không số liệu nào đổi" in none.stdout
    assert run(year_folder, tmp_path, "diff").exit_code == 2


def test_an_export_has_every_entry_every_table_its_meaning_and_every_hash(
    year_folder: Copy, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(year_folder, tmp_path, "export", "--to", str(out))
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in (out / EVENTS).read_text().splitlines()]
    assert [line["position"] for line in lines] == list(range(1, year_folder.size + 1))
    assert lines[105]["event"]["type"] == "thidua.units.ranking-consolidated.v1"
    standings = (out / "csv" / "standings.csv").read_bytes()
    assert standings.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(standings.decode("utf-8-sig"))))
    assert {row["unit"]: row["total"] for row in rows}["LCA"] == "98.5"
    book = openpyxl.load_workbook(BytesIO((out / "tables.xlsx").read_bytes()))
    assert set(book.sheetnames) == set(METADATA.tables)
    sheet = book["standings"]
    at = [cell.value for cell in sheet[1]].index("total")
    assert sheet.cell(2, at + 1).value == 93.5
    assert book["timeline"].cell(2, 2).value.year == 2020
    listed = dict(line.split("  ")[::-1] for line in (out / SUMS).read_text().splitlines())
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert written == {*listed, SUMS}
    for name, digest in listed.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    meant = list(csv.DictReader(StringIO((out / DICTIONARY).read_bytes().decode("utf-8-sig"))))
    assert {(row["table"], row["column"]) for row in meant if row["column"]} == {
        (table.name, column.name) for table in METADATA.tables.values() for column in table.columns
    }
    assert all(row["vi"] and row["en"] for row in meant)
    assert {row["table"] for row in meant if row["empty"]} >= {"parked", "quotas"}


def test_the_same_log_gives_the_same_bytes_and_nothing_is_written_over(
    year_folder: Copy, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        run(year_folder, tmp_path, "export", "--to", str(tmp_path / name), "--at", "150")
    assert (tmp_path / "a" / SUMS).read_bytes() == (tmp_path / "b" / SUMS).read_bytes()
    again = run(year_folder, tmp_path, "export", "--to", str(tmp_path / "a"))
    assert again.exit_code == 2
    assert "không trống" in again.stderr


def test_an_unknown_format_is_named_before_anything_is_written(
    year_folder: Copy, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(year_folder, tmp_path, "export", "--to", str(out), "--format", "csv,pdf")
    assert result.exit_code == 2
    assert "pdf" in result.stderr
    assert not out.exists()


def test_nothing_is_written_for_a_moment_before_the_first_entry(
    year_folder: Copy, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(year_folder, tmp_path, "export", "--to", str(out), "--at", "1999-01-01")
    assert (result.exit_code, out.exists()) == (2, False)


def test_a_read_model_that_should_not_be_empty_ends_the_export(
    year_folder: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reading, "count", lambda *_: 0)
    result = run(year_folder, tmp_path, "export", "--to", str(tmp_path / "out"))
    assert result.exit_code == 9
    assert "units: trống dù nhật ký có" in result.stderr


@pytest.mark.parametrize("text", ["=1+1", "+84", "-x", "@SUM(A1)", "\tx", "\r=x"])
def test_text_that_a_spreadsheet_would_run_is_led_by_an_apostrophe(text: str) -> None:
    assert _cell(text) == f"'{text}"
    assert _cell("an toàn") == "an toàn"
    assert _cell(-5) == "-5"


def test_every_table_and_column_has_a_meaning_and_no_meaning_is_left_over() -> None:
    tables, columns = meanings()
    assert set(tables) == set(METADATA.tables)
    assert set(columns) == {
        column.name for table in METADATA.tables.values() for column in table.columns
    }


def test_without_witnesses_enough_nothing_is_said(year_copy: Copy, tmp_path: Path) -> None:
    witness = NoteSigner("dbn.example.vn", SigningKey.generate(Algorithm.EDDSA), kind=4)
    policy = Policy(year_copy.policy.log, {"DBN": witness.public}, quorum="DBN")
    result = run(Copy(year_copy.folder, year_copy.signer, policy), tmp_path, "replay")
    assert (result.exit_code, result.stdout) == (4, "")


def test_the_log_in_redis_is_replayed_and_said_to_prove_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    founding = plan(
        tmp_path, origin="sandbox/redis", authority="BNV", name_vi="Bộ", name_en=None, rx_ms=0
    )
    asyncio.run(found(founding, redis_url))
    result = RUN.invoke(APP, ["replay", "--redis", redis_url])
    assert result.exit_code == 0, result.output
    assert "không có bằng chứng" in result.stdout
    document = told(RUN.invoke(APP, ["replay", "--redis", redis_url, "--at", "3", "--json"]))
    assert (document["position"], document["checkpoint"]) == (3, None)
    assert RUN.invoke(APP, ["replay", "--redis", redis_url, "--at", "999"]).exit_code == 2


@pytest.mark.parametrize(
    ("url", "code"), [("redis://127.0.0.1:1/0", 7), ("nonsense", 2)], ids=["away", "no address"]
)
def test_a_redis_that_does_not_answer_is_said_in_a_line(url: str, code: int) -> None:
    result = RUN.invoke(APP, ["replay", "--redis", url])
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.count("\n") == 1


def test_the_minutes_made_from_a_copy_say_what_the_ballot_came_to(
    year_folder: Copy, tmp_path: Path
) -> None:
    result = run(year_folder, tmp_path, "minutes", "BVHTTDL/BGPB/2020", "phieu-1", "--json")
    assert result.exit_code == 0, result.output
    made = told(result)
    ballot = made["ballot"]
    assert (ballot["issued"], ballot["returned"], ballot["valid"]) == (7, 7, 7)
    assert [line["unit"] for line in made["lines"] if line["outcome"] == "passed"] == sorted(
        ballot["passed"], key=[line["unit"] for line in made["lines"]].index
    )
    words = run(year_folder, tmp_path, "minutes", "BVHTTDL/BGPB/2020", "phieu-1").stdout
    for line in made["lines"]:
        percent = line["percent"].replace(".", ",")
        outcome = in_both("nominee outcome", line["outcome"])
        assert f"\t{line['yes']}\t{percent}%\t{outcome}" in words
    for code in ("not-passed", "roll-call", "decided\n"):
        assert code not in words
    for nothing in (
        ("BVHTTDL/BGPB/2020", "khac"),
        ("BVHTTDL", "phieu-1"),
        ("BVHTTDL/BGPB/1999", "phieu-1"),
    ):
        assert run(year_folder, tmp_path, "minutes", *nothing).exit_code == 2
    early = run(year_folder, tmp_path, "minutes", "BVHTTDL/BGPB/2020", "phieu-1", "--at", "20")
    assert early.exit_code == 2


def test_where_no_vote_is_valid_the_minutes_say_a_dash_for_the_share(year_folder: Copy) -> None:
    held = hold(year_folder.folder, year_folder.policy)
    made = minutes_of(held, "BVHTTDL/BGPB/2020", "phieu-1", year_folder.size).minutes
    unfilled = [replace(line, percent=None, outcome=None) for line in made.lines]
    words = say_minutes(replace(made, lines=unfilled))
    assert words.count("\t–\t–") == len(made.lines)
    assert "None" not in words
