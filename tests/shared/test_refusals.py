"""Every refusal can be said in two languages, with whatever facts are at hand."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.refusals import CATALOGUE, Code, Refusal, Stage, Words, problem

TEXTS = [field.name for field in fields(Refusal) if field.name.endswith(("_vi", "_en"))]
ROOT = Path(__file__).parents[2]
OF_WORDS = {"test_refusals.py", "test_refusal_facts.py", "test_ways_in.py"}
# Facts that `problem` itself can fill in.
GENERAL = {"path", "given", "expected"}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("code", Code)
def test_every_code_has_all_its_texts_composed_and_ending_as_sentences(code: Code) -> None:
    refusal = CATALOGUE[code]

    for name in TEXTS:
        text = getattr(refusal, name)
        assert text.strip() == text != ""
        assert unicodedata.is_normalized("NFC", text)
        if not name.startswith("title"):
            assert text.endswith(".")


@pytest.mark.parametrize("code", Code)
def test_every_fact_in_a_text_is_documented_and_every_documented_fact_is_used(code: Code) -> None:
    refusal = CATALOGUE[code]
    used: set[str] = set()
    for name in TEXTS:
        used |= placeholders(getattr(refusal, name))

    assert used == set(refusal.facts)


@pytest.mark.parametrize("code", Code)
def test_every_code_is_said_by_somebody_and_provoked_by_a_test(code: Code) -> None:
    names = re.compile(rf"\b{code}\b")

    assert any(names.search(text) for text in said()), "nobody says it"
    assert any(names.search(text) for text in provoked()), "no test provokes it"


@cache
def said() -> list[str]:
    """All modules that may refuse something."""
    paths = [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared" / "thidua").rglob("*.py")]
    return [path.read_text("utf-8") for path in paths if path.name != "refusals.py"]


@cache
def provoked() -> list[str]:
    """All tests but those of the catalogue itself, which provoke nothing."""
    paths = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "tests").rglob("*.jsonl")]
    return [path.read_text("utf-8") for path in paths if path.name not in OF_WORDS]


@pytest.mark.parametrize("code", Code)
def test_both_languages_say_the_same_facts(code: Code) -> None:
    refusal = CATALOGUE[code]

    assert placeholders(refusal.detail_vi) == placeholders(refusal.detail_en)
    assert placeholders(refusal.fix_vi) == placeholders(refusal.fix_en)


def test_every_fault_of_a_form_is_told_where_it_is_in_both_languages() -> None:
    paths = ["/data/delegate", "/data/role_vi", "/data/*", "/data/rank"]
    kinds = ["string_type", "missing", "extra_forbidden", "is_instance_of"]

    told = problem(Code.SCHEMA_INVALID, {"path": paths[0], "paths": paths, "expected": kinds})

    assert told["detail_vi"] == (
        "“/data/delegate” cần chữ trong ngoặc kép; “/data/role_vi” còn thiếu; "
        "“/data/*” không có trong mẫu; “/data/rank” không hợp lệ (is_instance_of)."
    )
    assert told["detail_en"] == (
        "“/data/delegate” should be a text; “/data/role_vi” is missing; "
        "“/data/*” is no member of the schema; “/data/rank” is not valid (is_instance_of)."
    )
    assert told["path"] == "/data/delegate"
    alone = problem(Code.SCHEMA_INVALID, {"path": "/data/absent", "expected": ["HGI", "CBA"]})
    assert alone["detail_vi"] == "“/data/absent” cần HGI, CBA."


def test_a_code_is_its_own_name_on_the_wire_and_none_is_missing() -> None:
    assert [str(code) for code in Code] == [code.name for code in Code]
    assert set(CATALOGUE) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_what_stands_in_the_log_is_never_retryable_as_it_is(code: Code) -> None:
    refusal = CATALOGUE[code]

    assert not (refusal.retryable and refusal.stage in (Stage.FORM, Stage.RULE))
    assert 400 <= refusal.status < 600


@given(
    st.sampled_from(Code),
    st.dictionaries(
        st.sampled_from([*sorted({f for r in CATALOGUE.values() for f in r.facts}), "other"]),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=300),
            st.lists(st.text(max_size=5)),
            st.frozensets(st.integers()),
        ),
    ),
)
def test_no_facts_whatever_make_a_refusal_fail(code: Code, facts: dict[str, object]) -> None:
    answer = problem(code, facts)

    assert json.loads(json.dumps(answer, ensure_ascii=True))["code"] == code
    for field in fields(Words):
        assert answer.get(field.name)


def test_a_missing_fact_leaves_a_dash() -> None:
    assert CATALOGUE[Code.NO_QUORUM].words({}).detail_vi == "Có mặt —; cần ít nhất —."


def test_braces_in_a_fact_stay_as_they_are() -> None:
    words = CATALOGUE[Code.UNIT_UNKNOWN].words({"given": "{date.__class__}", "date": "01/07/2025"})

    assert "{date.__class__}" in words.detail_vi


def test_control_characters_and_endless_facts_do_not_reach_the_reader() -> None:
    words = CATALOGUE[Code.NOT_FOUND].words({"given": "\x1b[31m\n" + "x" * 5000})

    assert words.detail_vi.isprintable()
    assert len(words.detail_vi) < 300


def test_a_problem_has_the_members_of_rfc_9457_and_ours_always() -> None:
    answer = problem(Code.BUSY)

    assert set(answer) == {
        "type", "title", "status", "detail", "code", "title_vi", "detail_vi", "title_en",
        "detail_en", "path", "given", "expected", "fix_vi", "fix_en", "retryable", "rule",
        "event", "facts",
    }  # fmt: skip
    assert (answer["status"], answer["retryable"]) == (503, True)
    assert answer["title"] == answer["title_vi"]


def test_a_gap_tells_a_machine_what_comes_next() -> None:
    answer = problem(
        Code.CHAIN_EXPECTED,
        {"kid": "SLA/1", "expected_seq": 7, "expected_prev": "abc", "given_seq": 9},
        event="def",
    )

    assert answer["facts"]["expected_seq"] == 7
    assert answer["retryable"] is True
    assert answer["event"] == "def"


def test_path_given_and_expected_fill_the_texts_too() -> None:
    answer = problem(
        Code.SCHEMA_INVALID, path="/data/year", given="a text", expected="a whole number"
    )

    assert answer["path"] == "/data/year"
    assert "/data/year" in answer["detail_vi"]
    assert "a whole number" in answer["detail_en"]


def test_facts_a_judge_gave_stand_in_the_members_of_the_same_name() -> None:
    answer = problem(Code.CRITERION_OUT_OF_RANGE, {"criterion": "I.1", "given": "11"})

    assert answer["given"] == "11"
