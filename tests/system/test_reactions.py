"""What one service records obliges or binds the others: the three pure judges over one story, without any server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tests.pledges.telling import declined, draft, signed
from tests.system.together import (
    CONFERENCE,
    NEXT,
    SERVICES,
    Together,
    call,
    elect,
    elected,
    meeting,
    opened,
    ranked,
)
from tests.units import year_2020 as year
from tests.units.telling import assert_refused, joined
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.deciding import Refused
from thidua.folding import Folded
from thidua.refusals import Code


def eligible(determined: b.EligibilityDetermined, title: str = "co-bo") -> set[str]:
    return {row.unit for row in determined.rows if row.title == title and row.eligible}


def broken(determined: b.EligibilityDetermined, unit: str) -> set[str]:
    """The rules that keep a unit from its titles."""
    return {
        finding.rule
        for row in determined.rows
        if row.unit == unit
        for finding in row.findings
        if not finding.holds
    }


def roll(together: Together, ballot: str) -> set[str]:
    """Who may vote in a ballot."""
    (frozen,) = (one for one in together.told(b.RollFrozen) if one.ballot == ballot)
    return set(frozen.roll)


# --- scoring closed → ranking → eligibility -----------------------------------------------------


def test_closing_the_scores_makes_the_ranking_and_the_ranking_the_eligibility() -> None:
    together = ranked()
    kinds = [type(event.data) for event in together.events[-3:]]
    assert kinds == [u.ScoringClosed, u.RankingConsolidated, b.EligibilityDetermined]
    closing, ranking, determined = together.events[-3:]
    assert (ranking.cause, determined.cause) == (closing.hash, ranking.hash)
    assert (ranking.source, determined.source) == ("/services/units", "/services/ballots")
    assert isinstance(determined.data, b.EligibilityDetermined)
    assert eligible(determined.data) == set(year.UNITS)


def test_before_the_scores_are_closed_nobody_is_nominated() -> None:
    together = opened("2020-11-12 00:00")
    named = b.NominationSubmitted(about="co-bo", nominee="LCA")
    judgement = together.says("2020-11-12 08:00", year.CHAIR, named)
    assert_refused(judgement, Code.NOT_ELIGIBLE, nominee="LCA", rule="ranking")


def test_v10_a_corrected_score_makes_ranking_and_eligibility_2_and_the_conference_accepts_only_that() -> (
    None
):
    together = meeting(ranked())
    elect(together, "chair", "LCA")
    corrected = u.ScoreCorrected(
        unit="SLA",
        criterion="I.4",
        points=Decimal("11.5"),
        reason="Sai số liệu khách du lịch",
        reference="BB 07/BB-CTĐ",
    )
    together.accepts("2020-11-21 09:30", year.CHAIR, corrected)
    assert [one.version for one in together.told(u.RankingConsolidated)] == [1, 2]
    assert [one.ranking for one in together.told(b.EligibilityDetermined)] == [1, 2]
    outdated = together.says("2020-11-21 09:40", year.CHAIR, call("co-bo", "LCA"))
    assert_refused(outdated, Code.RANKING_OUTDATED, given=1, expected=2)
    again = b.ScoresAccepted(conference=CONFERENCE, ranking=2)
    together.accepts("2020-11-21 09:45", year.CHAIR, again)
    together.accepts("2020-11-21 09:50", year.CHAIR, call("co-bo", "LCA"))


# --- registration, pledge, exceptions, suspensions → eligibility and roll -----------------------


def declining(data: EventData) -> EventData:
    """Cao Bằng will not sign the pledge."""
    return declined("CBG") if data == signed("CBG") else data


def test_invariant_1_who_declined_the_pledge_is_not_considered_by_ballots() -> None:
    (determined,) = ranked(declining).told(b.EligibilityDetermined)
    assert eligible(determined) == set(year.UNITS) - {"CBG"}
    assert broken(determined, "CBG") == {"pledge"}


def test_invariant_1_an_exception_that_units_records_is_heard_by_ballots() -> None:
    together = ranked(declining)
    exception = u.ExceptionGranted(unit="CBG", rule="pledge", reason="Thay đổi lãnh đạo Sở")
    together.accepts("2020-11-18 08:00", year.MINISTRY, exception)
    determined = together.told(b.EligibilityDetermined)[-1]
    assert determined.version == 2
    assert eligible(determined) == set(year.UNITS)
    assert together.event(b.EligibilityDetermined).cause == together.event(u.ExceptionGranted).hash


def suspended(together: Together) -> Together:
    data = u.UnitSuspended(unit="CBG", reason="Đang thanh tra", basis="NĐ 152/2025/NĐ-CP")
    together.accepts("2020-11-19 08:00", year.MINISTRY, data)
    return together


def strict(rulebook: u.RulebookAdopted) -> Callable[[EventData], EventData]:
    """The year under another rulebook, and a regulation by which suspended units are not considered."""
    swapped = {type(data): data for data in (rulebook, year.regulation(suspended="not-considered"))}
    return lambda data: swapped.get(type(data), data)


def test_v9_six_units_are_considered_and_seven_vote_until_the_suspension_is_lifted() -> None:
    together = meeting(suspended(ranked(strict(year.rulebook()))))
    assert eligible(together.told(b.EligibilityDetermined)[-1]) == set(year.UNITS) - {"CBG"}
    barred = together.says("2020-11-21 09:00", year.CHAIR, call("bang-khen-bo", "CBG"))
    assert_refused(barred, Code.NOT_ELIGIBLE, nominee="CBG", rule="not-suspended")
    together.accepts("2020-11-21 09:00", year.CHAIR, call("chair", "LCA"))
    assert roll(together, "chair") == set(year.UNITS)

    lifted = u.SuspensionLifted(unit="CBG", reason="Kết luận không vi phạm", basis="KL 3/KL-TTr")
    together.accepts("2020-11-21 09:30", year.MINISTRY, lifted)

    assert eligible(together.told(b.EligibilityDetermined)[-1]) == set(year.UNITS)
    together.accepts("2020-11-21 09:40", year.CHAIR, call("bang-khen-bo", "CBG"))


@pytest.mark.parametrize("votes", [True, False])
def test_v9_the_rulebook_that_units_adopted_says_whether_a_suspended_unit_is_on_the_roll(
    votes: bool,
) -> None:
    rules = year.voting().model_copy(update={"suspended_vote": votes})
    together = meeting(suspended(ranked(strict(year.rulebook(voting=rules)))))
    together.accepts("2020-11-21 09:00", year.CHAIR, call("chair", "LCA"))
    assert roll(together, "chair") == set(year.UNITS) - (set() if votes else {"CBG"})


def test_ballots_waits_for_the_rulebook_that_units_adopts() -> None:
    together = opened()
    written = call("deputy", "HGI", conference=None, closes="2020-02-20 17:00")
    early = together.says("2020-02-10 08:00", year.CHAIR, written)
    assert_refused(early, Code.STATE_FORBIDS, needed="rulebook-adopted")


# --- the chair elected → pledge and roles of the next year --------------------------------------


def test_the_election_of_next_years_chair_opens_next_years_drafted_pledge() -> None:
    together = meeting(ranked())
    together.accepts("2020-11-21 08:40", year.CHAIR, draft(), NEXT)
    assert together.told(p.PledgeOpened, NEXT) == []

    elect(together, "chair", "LCA")

    (opening,) = together.told(p.PledgeOpened, NEXT)
    assert (opening.chair, set(opening.members)) == ("LCA", set(year.UNITS))
    for code in year.UNITS:
        together.accepts("2020-11-21 10:20", f"/units/{code}", signed(code), NEXT)
    (conclusion,) = together.told(p.PledgeConcluded, NEXT)
    assert len(conclusion.signed) == 7


ACTS = {
    "units": u.CrossCheckPlanned(
        teams=year.TEAMS, starts=date(2021, 11, 5), ends=date(2021, 11, 8)
    ),
    "ballots": b.ConferenceConvened.model_validate_json(
        '{"conference": "hn-2021", "starts": "2021-11-18T08:00:00+07:00", "place": "Lào Cai"}'
    ),
    "pledges": p.MovementLaunched(theme="Năm 2021", contents=("Phục hồi du lịch",)),
}


def may_act(together: Together, unit: str, at: str) -> dict[str, bool]:
    """Whether each service takes *unit* for the chair or deputy of 2021, asked without recording."""
    asked = {}
    for service, data in ACTS.items():
        story = together.stories[service]
        event = story.event(at, f"/units/{unit}", data, NEXT)
        judgement = story.judge.judge(event, story.fold.view(), event.rx)
        asked[service] = not (
            isinstance(judgement, Refused)
            and judgement.code in (Code.ROLE_REQUIRED, Code.NOT_MEMBER, Code.UNIT_MERGED)
        )
    return asked


ALL = dict.fromkeys(SERVICES, True)
NONE = dict.fromkeys(SERVICES, False)


def test_next_years_officers_act_in_all_three_services_once_elected_and_last_years_no_more() -> (
    None
):
    together = meeting(ranked())
    assert may_act(together, "LCH", "2020-11-21 08:40") == ALL
    assert may_act(together, "HGI", "2020-11-21 08:40") == NONE
    elect(together, "chair", "LCA")
    elect(together, "deputy", "HGI", at="2020-11-21 09:30")
    for unit, may in (("LCA", ALL), ("HGI", ALL), ("LCH", NONE), ("SLA", NONE)):
        assert may_act(together, unit, "2020-11-21 10:00") == may


def test_the_outgoing_chair_acts_until_recognition_where_the_regulation_says_so() -> None:
    together = elected()
    together.accepts("2020-12-01 08:00", year.MINISTRY, year.regulation(2021, acting="outgoing"))
    assert may_act(together, "LCH", "2021-01-05 08:00") == ALL
    assert may_act(together, "LCA", "2021-01-05 08:00") == NONE
    recognised = b.OfficerRecognised(
        office="chair", unit="LCA", decision="QĐ 900", decided_on=date(2021, 3, 26)
    )
    together.accepts("2021-03-26 08:00", year.MINISTRY, recognised, NEXT)
    assert may_act(together, "LCA", "2021-03-27 08:00") == ALL
    assert may_act(together, "LCH", "2021-03-27 08:00") == NONE


def unrecognised(together: Together, office: b.Office, unit: str) -> None:
    refused = b.RecognitionRefused(
        office=office, unit=unit, reason="Chưa đủ điều kiện", decided_on=date(2021, 3, 26)
    )
    together.accepts("2021-03-26 08:00", year.MINISTRY, refused, NEXT)


def test_when_the_chairs_recognition_is_refused_the_chair_of_the_year_before_acts() -> None:
    together = elected()
    unrecognised(together, "chair", "LCA")
    assert may_act(together, "LCH", "2021-03-27 08:00") == ALL
    assert may_act(together, "LCA", "2021-03-27 08:00") == NONE
    together.accepts("2021-03-27 08:00", year.CHAIR, draft(), NEXT)
    assert together.told(p.PledgeOpened, NEXT) == []

    written = call("chair", "SLA", name="bau-lai", conference=None, closes="2021-04-20 17:00")
    elect(together, "chair", "SLA", at="2021-04-10 08:00", opening=written)

    (opening,) = together.told(p.PledgeOpened, NEXT)
    assert opening.chair == "SLA"
    assert may_act(together, "SLA", "2021-04-21 08:00") == ALL
    assert may_act(together, "LCH", "2021-04-21 08:00") == NONE


def test_v12_after_a_refused_recognition_a_new_deputy_is_elected_by_written_ballot() -> None:
    together = elected()
    unrecognised(together, "deputy", "HGI")
    assert may_act(together, "HGI", "2021-03-27 08:00") == NONE
    written = call("deputy", "DBN", name="bau-lai", conference=None, closes="2021-04-20 17:00")
    elect(together, "deputy", "DBN", at="2021-04-10 08:00", opening=written)
    assert may_act(together, "DBN", "2021-04-11 08:00") == ALL
    assert [frame.deputy.unit for frame in together.frames(NEXT) if frame.deputy] == ["DBN"] * 3


# --- mergers and members that leave -------------------------------------------------------------


def merge(together: Together, code: str, on: date) -> None:
    """*code* merges into Tuyên Quang, outside the cluster."""
    at = together.events[-1].rx
    heir = year.unit("TQU", "Tuyên Quang")
    merger = u.UnitMerged(units=(code,), into="TQU", on=on, basis="NQ 202/2025/QH15")
    for data in (heir, merger):
        together.accepts(at, year.MINISTRY, data)


def test_v14_a_merged_unit_speaks_in_none_of_the_services_and_is_told_why() -> None:
    together = elected()
    together.accepts("2020-12-01 08:00", "/units/LCA", draft(), NEXT)
    written = call("deputy", "SLA", name="xin-y-kien", conference=None, closes="2021-02-20 17:00")
    merge(together, "HGI", date(2021, 1, 1))
    together.accepts("2021-01-05 08:00", year.CHAIR, written)
    report = u.ReportSubmitted(unit="HGI", kind="half-year")
    vote = b.VoteCast(ballot="xin-y-kien", marks={"SLA": "yes"})
    for data, subject in ((report, year.CYCLE), (vote, year.CYCLE), (signed("HGI"), NEXT)):
        judgement = together.says("2021-01-06 08:00", "/units/HGI", data, subject)
        assert_refused(judgement, Code.UNIT_MERGED, given="HGI", into="TQU", date="2021-01-01")


def test_v14_only_ballots_opened_after_the_merger_go_without_the_merged_unit() -> None:
    together = ranked()
    before = call("deputy", "SLA", name="truoc", conference=None, closes="2021-01-20 17:00")
    together.accepts("2020-12-30 08:00", year.CHAIR, before)
    merge(together, "HGI", date(2021, 1, 1))
    after = call("chair", "LCA", name="sau", conference=None, closes="2021-01-20 17:00")
    together.accepts("2021-01-05 08:00", year.CHAIR, after)

    assert roll(together, "truoc") == set(year.UNITS)
    assert roll(together, "sau") == set(year.UNITS) - {"HGI"}
    together.settle("2021-01-20 17:00")
    assert {data.ballot for data in together.told(b.BallotClosed)} == {"truoc", "sau"}


def test_v14_a_merged_unit_is_neither_on_the_next_pledges_roll_nor_waited_for_by_it() -> None:
    together = elected()
    merge(together, "HGI", date(2021, 1, 1))
    together.accepts("2021-01-05 08:00", "/units/LCA", draft(), NEXT)
    (opening,) = together.told(p.PledgeOpened, NEXT)
    assert set(opening.members) == set(year.UNITS) - {"HGI"}
    merge_of_dbn = u.UnitMerged(units=("DBN",), into="SLA", on=date(2021, 2, 1), basis="NQ 202")
    together.accepts("2021-01-05 09:00", year.MINISTRY, merge_of_dbn)
    for code in set(year.UNITS) - {"HGI", "DBN"}:
        together.accepts("2021-01-06 08:00", f"/units/{code}", signed(code), NEXT)
    assert together.told(p.PledgeConcluded, NEXT) == []

    together.settle("2021-02-01 00:00")

    (conclusion,) = together.told(p.PledgeConcluded, NEXT)
    assert len(conclusion.signed) == 5


def test_v14_a_unit_that_merged_before_the_closing_is_neither_ranked_nor_considered() -> None:
    together = opened("2020-11-12 20:00")
    merge(together, "HGI", date(2020, 11, 13))
    together.accepts("2020-11-13 10:00", year.CHAIR, u.ScoringClosed())
    (ranking,) = together.told(u.RankingConsolidated)
    (determined,) = together.told(b.EligibilityDetermined)
    remaining = set(year.UNITS) - {"HGI"}
    assert {row.unit for row in ranking.rows} == remaining
    assert {row.unit for row in determined.rows} == eligible(determined) == remaining


def test_invariant_1_a_member_that_joined_after_registration_and_pledge_is_not_considered() -> None:
    together = opened("2020-11-12 20:00")
    together.accepts("2020-11-12 20:00", year.MINISTRY, year.unit("TQU", "Tuyên Quang"))
    together.accepts("2020-11-12 20:00", year.MINISTRY, joined("TQU", date(2020, 11, 1)))
    together.accepts("2020-11-13 10:00", year.CHAIR, u.ScoringClosed())
    (ranking,) = together.told(u.RankingConsolidated)
    (determined,) = together.told(b.EligibilityDetermined)
    assert ranking.left_out == ("TQU",)
    assert eligible(determined) == set(year.UNITS)
    assert broken(determined, "TQU") == {"registration", "pledge", "ranking"}


@pytest.mark.parametrize("go", ["merges", "leaves"])
def test_when_the_chairs_unit_is_gone_the_deputy_acts_at_once_in_all_three_services(
    go: str,
) -> None:
    together = elected()
    if go == "merges":
        merge(together, "LCA", date(2021, 3, 1))
    else:
        ended = u.MembershipEnded(
            cluster=year.CLUSTER, unit="LCA", last_day=date(2021, 2, 28), basis="QĐ 12"
        )
        together.accepts("2021-02-01 08:00", year.MINISTRY, ended)
    assert may_act(together, "LCA", "2021-02-28 23:59") == ALL
    assert may_act(together, "LCA", "2021-03-01 00:00") == NONE
    assert may_act(together, "HGI", "2021-03-01 00:00") == ALL

    written = call("chair", "SLA", name="bau-lai", conference=None, closes="2021-03-20 17:00")
    voters = set(year.UNITS) - {"LCA"}
    elect(
        together,
        "chair",
        "SLA",
        by="/units/LCH",
        at="2021-03-02 08:00",
        voters=voters,
        opening=written,
    )
    assert may_act(together, "SLA", "2021-03-21 08:00") == ALL


def test_v20_two_departments_of_one_province_have_a_vote_and_a_signature_each() -> None:
    together = meeting(ranked())
    tourism = year.unit("LCA-DL", "Lào Cai").model_copy(
        update={"kind": "tourism", "province": "LCA"}
    )
    together.accepts("2020-11-21 09:00", year.MINISTRY, tourism)
    opening = call("chair", "LCA", name="mot", conference=None, closes="2020-11-30 17:00")
    together.accepts("2020-11-21 09:00", year.CHAIR, opening)
    assert roll(together, "mot") == set(year.UNITS)
    together.accepts("2020-11-21 09:10", year.MINISTRY, joined("LCA-DL", date(2020, 11, 22)))
    opening = call("deputy", "HGI", name="hai", conference=None, closes="2020-11-30 17:00")
    together.accepts("2020-11-22 09:00", year.CHAIR, opening)
    assert roll(together, "hai") == {*year.UNITS, "LCA-DL"}
    for code in ("LCA", "LCA-DL"):
        vote = b.VoteCast(ballot="hai", marks={"HGI": "yes"})
        together.accepts("2020-11-22 10:00", f"/units/{code}", vote)


# --- the year's frame ---------------------------------------------------------------------------


def test_a_closed_year_is_closed_to_all_three_services_but_for_the_authoritys_decisions() -> None:
    together = ranked()
    together.accepts("2021-04-01 08:00", year.MINISTRY, u.CycleClosed())
    for data in (
        u.ScoringClosed(),
        b.ConferenceConvened.model_validate_json(
            '{"conference": "hn", "starts": "2021-05-18T08:00:00+07:00", "place": "Lào Cai"}'
        ),
        p.PledgeSent(version=1),
    ):
        judgement = together.says("2021-04-02 08:00", year.CHAIR, data)
        assert_refused(judgement, Code.CYCLE_CLOSED, date="2021-04-01")


def test_a_year_that_was_not_opened_is_unknown_to_all_three_services() -> None:
    together = ranked()
    for service, data in ACTS.items():
        judgement = together.says("2020-11-15 08:00", year.CHAIR, data, NEXT)
        assert_refused(judgement, Code.CYCLE_UNKNOWN)
        assert service in SERVICES
    together.accepts("2020-11-20 08:00", year.MINISTRY, u.CycleOpened(), NEXT)
    assert may_act(together, "LCH", "2020-11-20 09:00") == ALL


def test_all_three_services_always_know_the_same_registry_and_the_same_frames() -> None:
    together = elected()
    unrecognised(together, "deputy", "HGI")
    merge(together, "HGI", date(2021, 7, 1))
    first, *others = (story.fold for story in together.stories.values())
    for other in others:
        assert other.registry(year.AUTHORITY) == first.registry(year.AUTHORITY)
    for subject in (year.CYCLE, NEXT):
        one, two, three = together.frames(subject)
        assert one == two == three


def test_what_a_service_has_reacted_to_is_not_reacted_to_again() -> None:
    together = elected()
    told = len(together.events)
    together.settle("2021-06-30 08:00")
    assert len(together.events) == told


def test_invariant_9_the_year_is_told_again_as_it_was_known_before_a_correction() -> None:
    together = ranked()
    told = len(together.events)
    known = {service: story.state for service, story in together.stories.items()}
    corrected = u.ScoreCorrected(
        unit="SLA",
        criterion="I.4",
        points=Decimal("11.5"),
        reason="Sai số liệu khách du lịch",
        reference="BB 07/BB-CTĐ",
    )
    together.accepts("2020-11-30 08:00", year.CHAIR, corrected)
    for service, story in together.stories.items():
        then: Folded[object] = Folded(story.judge)
        then.apply_all(together.events[:told])
        assert then.cycle(year.CYCLE) == known[service]
        then.apply_all(together.events[told:])
        assert then.cycle(year.CYCLE) == story.state
    assert known["units"].ranking.version == 1
    assert together.stories["units"].state.ranking.version == 2
