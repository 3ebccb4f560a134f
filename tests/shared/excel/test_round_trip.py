"""What is exported is what is imported: recorded events go into the form and come out of it the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shared.excel.workbooks import CYCLE, EVENTS, found, rules_2020
from thidua.contracts import EventData
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.contracts.base import Evidence
from thidua.excel.checking import check
from thidua.excel.exporting import NotExpressibleError, exported
from thidua.excel.forms import FORMS
from thidua.excel.rules import KINDS, Kind, Told

WORDS = [
    "Đẩy",
    "mạnh",
    "phong",
    "trào",
    "thi",
    "đua",
    "yêu",
    "nước",
    "của",
    "ngành",
    "Văn",
    "hóa",
    "Ủy",
    "ban",
    "nhân",
    "dân",
    "tỉnh",
    "Điện",
    "Biên",
]
words = st.sampled_from(WORDS) | st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=1
)
names = st.lists(
    st.tuples(words, st.sampled_from([" ", "  ", "\n", "\t", " “", "; "])), min_size=1, max_size=6
).map(lambda parts: "".join(word + after for word, after in parts))
points = st.decimals(-99999, 99999, places=2)
units = st.sampled_from(["LCA", "LCH", "LSN", "SLA", "HGI", "DBN", "CBG"])
slugs = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
hashes = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=3, unique=True)
days = st.dates(date(1990, 1, 1), date(2200, 12, 31))
LINES = rules_2020("tu-cham").criteria
TARGETS = [one.code for one in rules_2020("ket-qua").targets]
TITLES = [one.code for one in rules_2020("dang-ky").titles]

files = st.builds(
    Evidence,
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    bytes=st.integers(1, 2**53 - 1),
    name=names,
    criterion=st.none() | st.sampled_from([line.code for line in LINES]),
)
aims = st.builds(
    u.Aim,
    title=st.sampled_from(TITLES),
    who=st.sampled_from(["unit", "division", "individual"]),
    number=st.integers(1, 10_000),
)
registrations = st.builds(
    u.ParticipationRegistered,
    unit=units,
    aims=st.lists(aims, min_size=1, max_size=4).map(tuple),
    goals=st.lists(names, max_size=4).map(tuple),
    women_percent=st.none() | points,
)
reports = st.builds(
    u.ReportSubmitted,
    unit=units,
    kind=st.sampled_from(["half-year", "yearly"]),
    summary=st.none() | names,
    figures=st.dictionaries(slugs | st.sampled_from(TARGETS), points, max_size=4),
    evidence=st.lists(files, max_size=3, unique_by=lambda file: file.sha256).map(tuple),
)
drafts = st.builds(
    p.PledgeDrafted,
    version=st.integers(1, 50),
    theme=names,
    text=names,
    targets=st.lists(
        st.builds(
            p.Target,
            target=slugs,
            name_vi=names,
            measure=names,
            value=points,
            sense=st.sampled_from(["at-least", "at-most"]),
            of=st.lists(units, max_size=3, unique=True).map(tuple),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda target: target.target,
    ).map(tuple),
)
results = st.builds(
    p.TargetResultReported,
    unit=units,
    target=st.sampled_from(TARGETS),
    value=points,
    as_of=days,
    note=st.none() | names,
    evidence=hashes.map(tuple),
)


@st.composite
def sheets(draw: st.DrawFn) -> u.ScoreSheetSubmitted:
    marks = [
        u.Mark(
            criterion=line.code,
            points=draw(st.integers(0, int(line.maximum * 2))) * Decimal("0.5"),
            value=draw(st.none() | points),
            note=draw(names) if line.evidence else draw(st.none() | names),
            evidence=tuple(draw(hashes)),
        )
        for line in draw(st.permutations(LINES))
    ]
    return u.ScoreSheetSubmitted(unit=draw(units), rulebook=1, marks=tuple(marks))


STRATEGIES: dict[Kind, st.SearchStrategy[Any]] = {
    "dang-ky": registrations,
    "bao-cao": reports,
    "tu-cham": sheets(),
    "chi-tieu": drafts,
    "ket-qua": results,
}


def told(data: EventData) -> Told:
    return Told(type=data.TYPE, subject=CYCLE, data=data.model_dump(mode="json"))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_import_gives_what_was_exported(kind: Kind, data: st.DataObject) -> None:
    form, rules = FORMS[kind], rules_2020(kind)
    said = data.draw(st.lists(STRATEGIES[kind], min_size=1, max_size=4, unique_by=form.again))
    report = check(exported(rules, [told(one) for one in said]))
    assert found(report) == []
    assert [draft.data for draft in report.drafts] == said
    again = check(exported(rules, [draft.told for draft in report.drafts]))
    assert again.events() == report.events()


@pytest.mark.parametrize("kind", ["dang-ky", "bao-cao", "tu-cham", "chi-tieu"])
def test_the_events_of_2020_go_through_the_form_unchanged(kind: Kind) -> None:
    report = check(exported(rules_2020(kind), EVENTS))
    recorded = [
        one.parsed() for one in EVENTS if one.type == FORMS[kind].wire_type and one.subject == CYCLE
    ]
    assert recorded
    assert [draft.data for draft in report.drafts] == recorded


def test_a_later_event_replaces_an_earlier_one_in_the_export() -> None:
    made = [
        p.TargetResultReported(
            unit="LCA", target=TARGETS[0], value=Decimal(value), as_of=date(2020, 10, 1)
        )
        for value in (1, 2)
    ]
    report = check(exported(rules_2020("ket-qua"), map(told, made)))
    assert [draft.data for draft in report.drafts] == made[1:]


def test_only_the_asked_units_events_are_exported() -> None:
    report = check(exported(rules_2020("tu-cham"), EVENTS, unit="SLA"))
    assert [draft.told.data["unit"] for draft in report.drafts] == ["SLA"]


def test_what_the_form_cannot_hold_is_said_and_not_changed() -> None:
    for note in ("B¸o c¸o n¨m", "\u00a0"):
        one = p.TargetResultReported(
            unit="LCA", target=TARGETS[0], value=Decimal(1), as_of=date(2020, 10, 1), note=note
        )
        with pytest.raises(NotExpressibleError):
            exported(rules_2020("ket-qua"), [told(one)])
