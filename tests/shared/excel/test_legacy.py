"""Text in the encodings of the years before Unicode is recognised, and nothing else is taken for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared.excel.workbooks import SCENARIO
from thidua.excel import legacy
from thidua.excel.legacy import from_tcvn3, from_vni, is_syllable, legacy_encoding

SENTENCES = [
    "Sở Văn hóa, Thể thao và Du lịch",
    "Cộng hòa xã hội chủ nghĩa Việt Nam",
    "Ủy ban nhân dân tỉnh Lào Cai",
    "Tỷ lệ hồ sơ thủ tục hành chính trễ hạn",
    "Đẩy mạnh phong trào thi đua yêu nước",
    "ý kiến, khuỷu tay, quý hiếm, nghiêng, giữ gìn, thuở xưa",
]
TO_TCVN3 = {written: chr(read) for read, written in legacy._TCVN3.items()}
TO_VNI = {written: read for read, written in sorted(legacy._VNI.items(), reverse=True)}
WORDS = sorted(
    {
        word
        for line in SCENARIO.read_text(encoding="utf-8").splitlines()
        for word in json.dumps(json.loads(line), ensure_ascii=False).replace('"', " ").split()
        if not word.isascii()
    }
)


def old(text: str, table: dict[str, str]) -> str:
    """*text* as it was stored in an old encoding."""
    return "".join(table.get(char, char) for char in text)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_in_tcvn3_is_named_and_read(sentence: str) -> None:
    small = sentence.lower()
    found = legacy_encoding(old(small, TO_TCVN3))
    assert found is not None
    assert (found.encoding, found.text) == ("TCVN3", small)


@pytest.mark.parametrize("sentence", [*SENTENCES, SENTENCES[1].upper()])
def test_a_sentence_in_vni_is_named_and_read(sentence: str) -> None:
    found = legacy_encoding(old(sentence, TO_VNI))
    assert found is not None
    assert (found.encoding, found.text) == ("VNI", sentence)


def test_texts_seen_in_old_workbooks_are_named() -> None:
    assert legacy_encoding("Së V¨n hãa") == legacy.Legacy("TCVN3", "Sở Văn hóa")
    assert legacy_encoding("Sôû Vaên hoùa") == legacy.Legacy("VNI", "Sở Văn hóa")
    assert legacy_encoding("B¸o c¸o n¨m 2020 (§ît 1)") is not None


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join))
def test_unicode_vietnamese_is_never_taken_for_an_old_encoding(text: str) -> None:
    assert legacy_encoding(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "café Zürich Köln naïve São Paulo Noël El Niño",
        "© 2020, § 5, 10 µm, 5µm, 20 °C, 3×4, ±0,5",
        "Plây Ku, Krông Ana, H'Mông, Ê-đê",
        "plain ASCII",
        "",
    ],
)
def test_other_languages_and_signs_are_left_alone(text: str) -> None:
    assert legacy_encoding(text) is None


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    answer = legacy_encoding(text)
    assert answer is None or answer.text in {from_tcvn3(text), from_vni(text)}


def test_a_syllable_has_one_tone_and_a_vietnamese_shape() -> None:
    assert all(map(is_syllable, ["nghiêng", "Huế", "quý", "gì", "khuỷu", "ươn", "y"]))
    assert not any(map(is_syllable, ["hãa", "Köln", "sụỷ", "str", "µm", ""]))
