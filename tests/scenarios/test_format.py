from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenarios.format import ScenarioError, parse_scenario

SETUP = {
    "setup": {
        "title": "Thử",
        "origin": "sandbox/thu",
        "authority": {"code": "BNV", "name_vi": "Bộ"},
        "publishers": {"SOA": "ES256"},
    }
}
LINE = {
    "publisher": "SOA",
    "time": "2023-01-03T08:00:00+07:00",
    "type": "thidua.pledges.pledge-signed.v1",
    "subject": "BNV/K/2023",
    "data": {},
}


def text(*objects: object) -> str:
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in objects)


def test_a_scenario_is_a_set_up_and_lines_in_order_of_arrival() -> None:
    late = {**LINE, "arrives": "2023-01-05T08:00:00+07:00"}
    scenario = parse_scenario(text(SETUP, LINE, late))
    assert scenario.setup.origin == "sandbox/thu"
    assert [line.arrival.day for line in scenario.lines] == [3, 5]
    assert scenario.numbers == (2, 3)


@pytest.mark.parametrize(
    ("lines", "number", "said"),
    [
        ([], 1, "setup"),
        ([LINE], 1, "setup"),
        ([{"setup": {**SETUP["setup"], "origin": "log.gov.vn/p0"}}], 1, "origin"),
        ([SETUP, {**LINE, "publisher": "XYZ"}], 2, "XYZ"),
        ([SETUP, {**LINE, "time": "2023-01-03T08:00:00"}], 2, "time"),
        ([SETUP, {**LINE, "arrives": "2023-01-02T08:00:00+07:00"}], 2, "arrives"),
        ([SETUP, {**LINE, "extra": 1}], 2, "extra"),
        ([SETUP, {**LINE, "expect": "NO_SUCH_CODE"}], 2, "expect"),
        ([SETUP, LINE, {**LINE, "time": "2023-01-02T08:00:00+07:00"}], 3, "sorted"),
        ([SETUP, 5], 2, "JSON object"),
    ],
)
def test_a_fault_is_named_with_its_line_and_what_is_expected(
    lines: list[object], number: int, said: str
) -> None:
    with pytest.raises(ScenarioError, match=said) as error:
        parse_scenario(text(*lines))
    assert error.value.line == number


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_a_named_fault(given_text: str) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(given_text)


def test_ten_thousand_brackets_are_a_named_fault() -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(text(SETUP) + "\n" + "[" * 10_000)
