"""Vietnamese text as people write, sort and look it up."""

from __future__ import annotations

import json
import random
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thidua.text import (
    collation_key,
    display_date,
    display_moment,
    display_number,
    document_date,
    first_not_nfc,
    search_form,
)

NFD = unicodedata.normalize("NFD", "Điện Biên")
PROVINCES = [
    "Cao Bằng", "Đắk Lắk", "Điện Biên", "Hà Giang", "Hà Nội", "Hạ Long", "Hải Dương", "Lai Châu",
    "Lạng Sơn", "Lào Cai", "Lâm Đồng", "Sơn La", "Thái Bình", "Thái Nguyên", "Thanh Hóa",
    "Thừa Thiên Huế",
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"a": "Điện Biên"}, None),
        ({"a": NFD}, "/a"),
        ({"a": {"b": ["x", NFD]}}, "/a/b/1"),
        ({"a": {NFD: 1}}, f"/a/{NFD}"),
        ({"a/b~": [NFD]}, "/a~1b~0/0"),
        ({"a": None, "b": 1, "c": True}, None),
    ],
)
def test_the_first_text_that_is_not_composed_is_found(document: object, path: str | None) -> None:
    assert first_not_nfc(document) == path


@pytest.mark.parametrize("escaped", [True, False])
def test_escapes_do_not_hide_separate_marks(escaped: bool) -> None:
    document = {"a": NFD}
    raw = json.dumps(document, ensure_ascii=escaped).encode()

    assert first_not_nfc(document, raw) == "/a"


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3), st.booleans())
def test_the_quick_way_never_says_anything_else_than_the_slow_one(
    document: dict[str, str], escaped: bool
) -> None:
    raw = json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass")

    assert first_not_nfc(document, raw) == first_not_nfc(document)


def test_provinces_stand_in_the_order_of_the_vietnamese_alphabet() -> None:
    shuffled = random.Random(7).sample(PROVINCES, len(PROVINCES))

    assert sorted(shuffled, key=collation_key) == PROVINCES


@pytest.mark.parametrize(
    "ordered",
    [
        ["a", "à", "ả", "ã", "á", "ạ", "ă", "ằ", "â", "ấ", "b", "c", "d", "đ", "e", "ê"],
        ["o", "ô", "ơ", "p", "t", "u", "ư", "v", "x", "y"],
        ["Khối 2", "Khối thi đua"],
        ["Sở", "Sở Văn hóa", "Sở Y tế"],
        ["ma", "mà", "mả", "mã", "má", "mạ"],
    ],
)
def test_letters_come_before_tones_and_words_one_by_one(ordered: list[str]) -> None:
    shuffled = random.Random(7).sample(ordered, len(ordered))

    assert sorted(shuffled, key=collation_key) == ordered


def test_capitals_and_the_form_of_marks_do_not_matter_for_order() -> None:
    assert collation_key("ĐIỆN BIÊN") == collation_key(unicodedata.normalize("NFD", "điện  biên"))


@given(st.lists(st.text(max_size=8)))
@example(["\u0300"])
def test_any_texts_can_be_sorted(texts: list[str]) -> None:
    assert len(sorted(texts, key=collation_key)) == len(texts)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Điện Biên", "dien bien"),
        (unicodedata.normalize("NFD", "Điện Biên"), "dien bien"),
        ("  Sở Văn hoá,\n ĐƯỜNG ", "so van hoa, duong"),
        ("Lào Cai 2020", "lao cai 2020"),
    ],
)
def test_search_needs_no_diacritics(text: str, form: str) -> None:
    assert search_form(text) == form


@given(st.text())
def test_the_search_form_of_a_search_form_is_itself(text: str) -> None:
    assert search_form(search_form(text)) == search_form(text)


@pytest.mark.parametrize(
    ("number", "places", "shown"),
    [
        (Decimal("98.5"), None, "98,5"),
        (11_920_000, None, "11.920.000"),
        (Decimal("1234.5"), 2, "1.234,50"),
        (Decimal("-0.5"), None, "-0,5"),
        (0, None, "0"),
    ],
)
def test_numbers_have_a_decimal_comma_and_dots(
    number: Decimal | int, places: int | None, shown: str
) -> None:
    assert display_number(number, places) == shown


def test_days_and_moments_are_shown_in_vietnam_time() -> None:
    assert display_date(date(2020, 3, 5)) == "05/03/2020"
    moment = datetime(2020, 3, 24, 17, 10, tzinfo=UTC)
    assert display_moment(moment) == "00:10:00 ngày 25/03/2020"


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2020, 11, 21), "ngày 21 tháng 11 năm 2020"),
        (date(2021, 2, 5), "ngày 05 tháng 02 năm 2021"),
        (date(2021, 3, 26), "ngày 26 tháng 3 năm 2021"),
    ],
)
def test_documents_lead_small_days_and_the_first_two_months_with_a_zero(
    day: date, written: str
) -> None:
    assert document_date(day) == written
