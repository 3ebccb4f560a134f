"""Who may be considered, and on which events that rests: V9 and the rules of domain §4.7."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.ballots.domain import Cycle
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    MINISTRY,
    UNITS,
    join,
    prepared,
    ranking,
    regulation,
    rulebook,
)
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.testing.story import Story, local

RANKED = "2020-11-13 17:00"


def ranked(story: Story[Cycle], *units: str, version: int = 1) -> list[b.EligibilityDetermined]:
    """The ranking comes; what the service determines of it."""
    story.given(RANKED, "/services/units", ranking(version, *units))
    return owed(story, RANKED)


def owed(story: Story[Cycle], at: str) -> list[b.EligibilityDetermined]:
    """The determinations recorded because they are due."""
    return [data for data in story.due(at=at) if isinstance(data, b.EligibilityDetermined)]


def considered(determined: b.EligibilityDetermined, title: str = "co-bo") -> set[str]:
    """The units that may be considered for a title."""
    return {row.unit for row in determined.rows if row.title == title and row.eligible}


def finding(determined: b.EligibilityDetermined, unit: str, rule: str) -> b.Finding:
    """What was found of a rule for a unit."""
    row = next(row for row in determined.rows if row.unit == unit)
    return next(found for found in row.findings if found.rule == rule)


def test_nothing_is_determined_before_there_is_a_ranking() -> None:
    assert not owed(prepared(), "2020-11-01 08:00")


def test_a_ranking_obliges_to_determine_every_member_for_every_title_that_is_balloted() -> None:
    (determined,) = ranked(prepared())
    assert (determined.version, determined.ranking) == (1, 1)
    assert {(row.unit, row.title) for row in determined.rows} == {
        (unit, title) for unit in UNITS for title in ("co-bo", "bang-khen-bo")
    }
    assert considered(determined) == set(UNITS)


def test_what_was_determined_is_not_owed_again() -> None:
    story = prepared()
    ranked(story)
    assert not owed(story, "2020-11-20 08:00")


def test_every_rule_is_shown_with_its_fact_and_the_event_it_rests_on() -> None:
    story = prepared()
    (determined,) = ranked(story)
    events = {(type(event.data), event.unit): event.hash for event in story.events}
    found = determined.rows[0].findings
    assert [one.rule for one in found] == ["registration", "pledge", "ranking", "not-suspended"]
    assert finding(determined, "LCA", "registration") == b.Finding(
        rule="registration",
        holds=True,
        fact="đăng ký ngày 12/03/2020",
        event=events[u.ParticipationRegistered, "LCA"],
    )
    assert finding(determined, "LCA", "pledge") == b.Finding(
        rule="pledge",
        holds=True,
        fact="ký giao ước ngày 20/03/2020",
        event=events[p.PledgeSigned, "LCA"],
    )
    assert finding(determined, "LSN", "ranking").fact == "xếp hạng 3"


def test_invariant_1_without_registration_a_unit_is_not_considered() -> None:
    story = prepared(registered=tuple(unit for unit in UNITS if unit != "CBG"))
    (determined,) = ranked(story)
    assert considered(determined) == set(UNITS) - {"CBG"}
    assert finding(determined, "CBG", "registration").fact == "chưa đăng ký thi đua"


def test_invariant_1_without_a_signed_pledge_a_unit_is_not_considered() -> None:
    story = prepared(signed=tuple(unit for unit in UNITS if unit != "CBG"))
    (determined,) = ranked(story)
    assert considered(determined) == set(UNITS) - {"CBG"}
    assert finding(determined, "CBG", "pledge").fact == "không ký giao ước"


def test_invariant_1_a_signed_pledge_counts_only_once_it_is_concluded() -> None:
    story = prepared()
    fresh = Story(story.judge, authority=story.authority, cycle=story.cycle)
    for event in story.events:
        if not isinstance(event.data, p.PledgeConcluded):
            fresh.fold.apply(event)
            fresh.events.append(event)
    (determined,) = ranked(fresh)
    assert not considered(determined)
    assert finding(determined, "LCA", "pledge").fact == "giao ước chưa ký kết xong"


def test_invariant_1_without_a_final_score_a_unit_is_not_considered() -> None:
    (determined,) = ranked(prepared(), *UNITS[:6])
    assert considered(determined) == set(UNITS[:6])
    found = finding(determined, UNITS[6], "ranking")
    assert not found.holds
    assert found.fact == "chưa có tên trong bảng xếp hạng"


@pytest.mark.parametrize("rule", ["registration", "pledge", "not-suspended"])
def test_invariant_1_a_reasoned_exception_lifts_one_rule_for_one_unit(rule: str) -> None:
    others = tuple(unit for unit in UNITS if unit != "CBG")
    story = prepared(
        registered=others if rule == "registration" else UNITS,
        signed=others if rule == "pledge" else UNITS,
    )
    if rule == "not-suspended":
        suspend(story, "2020-11-01 08:00")
    assert "CBG" not in considered(ranked(story)[0])
    reason = "Mất điện diện rộng ngày 24/03/2020"
    granted = u.ExceptionGranted.model_validate({"unit": "CBG", "rule": rule, "reason": reason})
    hash_of = story.given("2020-11-16 08:00", MINISTRY, granted).hash
    (determined,) = owed(story, "2020-11-16 08:00")
    found = finding(determined, "CBG", rule)
    assert (found.holds, found.event) == (True, hash_of)
    assert reason in found.fact
    assert considered(determined) == set(UNITS)


def suspend(story: Story[Cycle], at: str) -> None:
    """Cao Bằng comes under inspection."""
    reason = "Đang thanh tra theo QĐ 44/QĐ-TTr"
    story.given(at, MINISTRY, u.UnitSuspended(unit="CBG", reason=reason, basis="NĐ 152/2025"))


def test_v9_a_unit_under_inspection_is_not_considered_and_six_remain() -> None:
    story = prepared()
    ranked(story)
    suspend(story, "2020-11-20 08:00")
    (determined,) = owed(story, "2020-11-20 08:00")
    assert determined.version == 2
    assert len(considered(determined)) == 6
    fact = finding(determined, "CBG", "not-suspended").fact
    assert fact == "chưa xét: Đang thanh tra theo QĐ 44/QĐ-TTr"


def test_v9_a_cleared_unit_is_considered_again() -> None:
    story = prepared()
    ranked(story)
    suspend(story, "2020-11-20 08:00")
    owed(story, "2020-11-20 08:00")
    lifted = u.SuspensionLifted(unit="CBG", reason="Kết luận không sai phạm", basis="KL 12")
    story.given("2021-01-11 08:00", MINISTRY, lifted)
    (determined,) = owed(story, "2021-01-11 08:00")
    assert determined.version == 3
    assert considered(determined) == set(UNITS)
    assert finding(determined, "CBG", "not-suspended").holds


def test_v9_a_regulation_may_let_units_under_inspection_be_considered() -> None:
    story = prepared(rules=regulation(suspended="considered"))
    suspend(story, "2020-11-10 08:00")
    (determined,) = ranked(story)
    assert considered(determined) == set(UNITS)
    assert finding(determined, "CBG", "not-suspended").event is not None


def test_v10_a_corrected_ranking_makes_a_new_determination() -> None:
    story = prepared()
    ranked(story)
    story.given("2020-11-30 08:00", "/services/units", ranking(2))
    (determined,) = owed(story, "2020-11-30 08:00")
    assert (determined.version, determined.ranking) == (2, 2)


def test_each_version_follows_from_an_event_that_no_other_follows_from() -> None:
    story = prepared()
    ranked(story)
    suspend(story, "2020-11-20 08:00")
    owed(story, "2020-11-20 08:00")
    story.given("2020-11-20 09:00", MINISTRY, regulation(suspended="considered"))
    owed(story, "2020-11-20 09:00")
    made = [event for event in story.events if isinstance(event.data, b.EligibilityDetermined)]
    assert len(made) == 3
    causes = [event.cause for event in made]
    assert len(set(causes)) == 3
    assert set(causes) <= {event.hash for event in story.events}


def test_what_changes_while_a_title_is_voted_on_is_determined_after_the_vote() -> None:
    story = prepared()
    ranked(story)
    opened = b.BallotOpened(
        ballot="co-bo",
        about="co-bo",
        mode="roll-call",
        nominees=("LCA",),
        closes=local("2020-12-01"),
    )
    story.given("2020-11-21 09:00", CHAIR, opened)
    suspend(story, "2020-11-21 09:10")
    assert not owed(story, "2020-11-21 09:10")
    voided = b.BallotVoided(ballot="co-bo", reason="Mở nhầm danh sách")
    story.given("2020-11-21 09:20", CHAIR, voided)
    (determined,) = owed(story, "2020-11-21 09:20")
    assert "CBG" not in considered(determined)


def test_a_closed_year_is_determined_no_more() -> None:
    story = prepared()
    ranked(story)
    story.given("2021-06-30 08:00", MINISTRY, u.CycleClosed())
    suspend(story, "2021-07-01 08:00")
    assert not owed(story, "2021-07-01 08:00")


def test_a_minimum_total_is_reached_by_equality() -> None:
    story = prepared(book=rulebook(minimum_total=Decimal("95.0")))
    (determined,) = ranked(story)
    assert considered(determined) == set(UNITS) - {"CBG"}
    fact = finding(determined, "CBG", "minimum-total").fact
    assert fact == "tổng điểm 93,5, cần từ 95,0"


@pytest.mark.parametrize(
    ("since", "months", "holds"),
    [
        (date(2020, 1, 1), 12, True),
        (date(2020, 1, 2), 11, False),
        (date(2020, 7, 1), 6, False),
        (date(2019, 1, 1), 24, True),
    ],
)
def test_months_of_existence_count_whole_up_to_the_years_end(
    since: date, months: int, holds: bool
) -> None:
    story = prepared(book=rulebook(minimum_months=12))
    join(story, "TQG", since)
    (determined,) = ranked(story)
    found = finding(determined, "TQG", "minimum-months")
    assert found.holds is holds
    assert found.fact == f"hoạt động {months} tháng đến hết năm, cần từ 12 tháng"


def test_rules_the_rulebook_does_not_ask_for_are_not_looked_at() -> None:
    loose = rulebook(registration=False, pledge=False, ranking=False, not_suspended=False)
    (determined,) = ranked(prepared(registered=(), signed=(), book=loose))
    assert considered(determined) == set(UNITS)
    assert all(not row.findings for row in determined.rows)


def test_a_large_clusters_determination_fits_into_one_entry_and_still_names_obstacles() -> None:
    story = prepared()
    for number in range(80):
        join(story, f"U{number:03}")
    (determined,) = ranked(story)
    assert len(determined.model_dump_json().encode()) < 45_000
    obstacles = {row.unit: row.findings for row in determined.rows if not row.eligible}
    assert len(obstacles) == 80
    assert all(found for found in obstacles.values())
