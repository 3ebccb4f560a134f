"""``thidua excel`` at the terminal: files in, files out, one named error for everything else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.shared.excel.workbooks import CYCLE, SCENARIO, score_sheet
from thidua.cli.app import app
from thidua.contracts import units as u
from thidua.errors import ThiduaError
from thidua.excel.checking import check
from thidua.excel.importing import Sent, send_all
from thidua.excel.rules import EventsFileError, RulesMissingError, Told, gather, parse_events
from thidua.excel.template import template
from thidua.publishing import Publisher
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

FROM = ("--from", str(SCENARIO), "--cycle", CYCLE)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["excel", *words])


def test_a_template_an_export_and_a_check_go_through_files(tmp_path: Path) -> None:
    made, events = tmp_path / "mau.xlsx", tmp_path / "su-kien.json"
    assert run("template", "tu-cham", str(made), *FROM, "--unit", "LCA").exit_code == 0
    assert run("check", str(made)).exit_code == 3
    assert run("export", "tu-cham", str(made), *FROM, "--unit", "LCA").exit_code == 0
    done = run("check", str(made), "--events", str(events), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["events"] == 1
    [told] = parse_events(events.read_text(encoding="utf-8"))
    assert (told.type, told.subject) == (u.ScoreSheetSubmitted.TYPE, CYCLE)


def test_a_faulty_file_is_told_in_vietnamese_and_given_back_marked(tmp_path: Path) -> None:
    file, back = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    file.write_bytes(score_sheet({0: {"Điểm tự chấm": 99}}))
    done = run("check", str(file), "--marked", str(back))
    assert done.exit_code == 3
    assert "dòng 4, cột “Điểm tự chấm” (ô G4): Điểm ngoài khung" in done.stdout
    assert "1 lỗi; chưa có gì được nộp" in done.output
    assert check(back.read_bytes()).faults == check(file.read_bytes()).faults


def test_a_file_that_is_not_there_is_a_named_error(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "x.xlsx"))
    assert isinstance(done.exception, ThiduaError)


def test_without_the_excel_part_the_command_to_install_it_is_named(tmp_path: Path) -> None:
    program = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {{"xlsxwriter", "openpyxl", "python_calamine"}}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Absent())
from thidua.cli.app import main
sys.argv = ["thidua", "excel", "check", {str(tmp_path / "a.xlsx")!r}]
main()
"""
    (tmp_path / "a.xlsx").write_bytes(b"")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "pip install thidua[excel]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text", ["{", "[1]", "abc.def.ghi", '{"jws": "a.b"}', '["x"]', "[" * 9_999]
)
def test_a_file_of_events_that_is_none_is_a_named_error(text: str) -> None:
    with pytest.raises(EventsFileError):
        parse_events(text)


def test_events_are_read_as_objects_jws_log_entries_and_lines() -> None:
    publisher = Publisher("so.example.vn/p0", "/units/LCA", "LCA/1", SigningKey.generate(Algorithm.EDDSA))  # fmt: skip
    data = {"unit": "LCA", "kind": "yearly"}
    jws = publisher.sign(u.ReportSubmitted.TYPE, CYCLE, data)
    plain = {"type": u.ReportSubmitted.TYPE, "subject": CYCLE, "data": data}
    entry = {"v": 1, "rx": "2020-01-01T00:00:00.000Z", "by": "units/1", "jws": jws}
    told = Told(**plain)
    assert parse_events(json.dumps(plain)) == parse_events(jws) == [told]
    assert parse_events(json.dumps([plain, jws])) == [told, told]
    lines = "\n".join([json.dumps(plain), jws, json.dumps(entry), '{"setup": {}}'])
    assert parse_events(lines) == [told] * 3
    assert parse_events(json.dumps({**entry, "refused": {"code": "X"}})) == []


def test_rules_that_are_not_among_the_events_are_asked_for() -> None:
    for cycle in (None, "BVHTTDL/BGPB/1999", "BVHTTDL"):
        with pytest.raises(RulesMissingError):
            gather("tu-cham", [], cycle)


def test_a_unit_that_left_the_cluster_is_not_on_the_form() -> None:
    told = parse_events(SCENARIO.read_text(encoding="utf-8"))
    authority = CYCLE.split("/", maxsplit=1)[0]
    ended = {"cluster": "BGPB", "unit": "LCA", "last_day": "2019-12-31", "basis": "QĐ 1"}
    left = Told(type=u.MembershipEnded.TYPE, subject=authority, data=ended)
    assert "LCA" in [one.code for one in gather("tu-cham", told, CYCLE).units]
    assert "LCA" not in [one.code for one in gather("tu-cham", [*told, left], CYCLE).units]
    assert template(gather("tu-cham", [*told, left], CYCLE))


class Scripted:
    """Answers by a list instead of a door."""

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = list(outcomes)

    def send(self, told: Told) -> Sent:
        return Sent(self.outcomes.pop(0), told.type, {})


def test_sending_stops_at_the_first_event_that_is_not_recorded() -> None:
    told = Told(type="t", subject="s", data={})
    results = send_all([told] * 4, Scripted("recorded", "recorded", "refused", "recorded"))
    assert [one.outcome for one in results] == ["recorded", "recorded", "refused"]
