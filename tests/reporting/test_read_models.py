"""The read models of the year 2020, as pages and the API ask for them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from services.reporting.database import prepare
from services.reporting.following import Projector
from services.reporting.outcome import outcome
from services.reporting.projections.awards import awards_of
from services.reporting.projections.ballot_queries import ballot_in_full, ballots_of
from services.reporting.projections.board import board
from services.reporting.projections.conferences import cluster_report, conferences_of
from services.reporting.projections.cycles import all_cycles, milestones_of
from services.reporting.projections.dossiers import dossiers_of
from services.reporting.projections.eligibility import eligibility
from services.reporting.projections.keys import all_keys
from services.reporting.projections.officers import officers_of, officers_through_years
from services.reporting.projections.pledge_queries import pledge
from services.reporting.projections.ranking import ranking
from services.reporting.projections.refused import refused_at, refused_events
from services.reporting.projections.rules import holidays, regulation, rulebook
from services.reporting.projections.score_queries import evidence_of, reports_of, scores
from services.reporting.projections.sentences import SENTENCES
from services.reporting.projections.timeline import happening, happenings
from services.reporting.projections.unit_queries import members, names
from services.reporting.projections.unit_queries import unit as unit_of
from services.reporting.reading import NothingYetError, Reading, reading
from tests.reporting.entries import CYCLE, MINISTRY, NEXT, Entries, unit
from tests.reporting.year import CHAIR, FLAG, PRAISE, UNITS, founding, spring
from tests.reporting.year import ranking as ranked
from thidua.contracts import CONTRACTS
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.contracts.base import Evidence
from thidua.testing.story import local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def read(told: Engine) -> Iterator[Reading]:
    with reading(told) as looked:
        yield looked


def follow(engine: Engine, log: Entries) -> Engine:
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    return engine


def test_the_outcome_of_the_year_2020(told: Engine, year: Entries) -> None:
    found = outcome(told, CYCLE)
    assert (found["chair"], found["deputy"], found["signatures"]) == ("LCA", "HGI", 7)
    assert [(r["unit"], r["total"], r["rank"]) for r in found["ranking"]] == [
        ("LCA", "98.5", 1),
        ("LCH", "98.5", 2),
        ("LSN", "97.0", 3),
        ("SLA", "96.0", 4),
        ("HGI", "96.0", 5),
        ("DBN", "95.0", 6),
        ("CBG", "93.5", 7),
    ]
    assert found["ballots"][0] == {
        "ballot": "phieu-1",
        "subject": FLAG,
        "mode": "paper",
        "issued": 7,
        "returned": 7,
        "valid": 7,
        "votes": {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1},
        "threshold": 5,
        "passed": ["LCA", "LCH", "LSN"],
    }
    assert [one["mode"] for one in found["ballots"]] == ["paper", "paper", "roll-call", "roll-call"]
    assert {one["unit"] for one in found["awards"] if one["award"] == FLAG} == {"LCA", "LCH", "LSN"}
    assert {one["state"] for one in found["awards"]} == {"decided"}
    assert len(found["awards"]) == 7
    assert found["reward_total"] == 47_680_000
    assert found["entries"] == len(year.raw)
    assert (found["recorded"], found["refused"]) == (len(year.raw) - 2, 2)


def test_nothing_can_be_read_before_the_first_start(engine: Engine) -> None:
    prepare(engine)
    with pytest.raises(NothingYetError), reading(engine):
        pass


def test_a_unit_shows_names_validity_and_memberships(read: Reading) -> None:
    found = unit_of(read, "LCA")
    assert found is not None
    assert found.names[0].short_vi == "Sở VHTTDL Lào Cai"
    assert [m.cluster for m in found.memberships] == ["BGPB"]
    assert found.ended is None
    assert members(read, "BVHTTDL", "BGPB", date(2020, 5, 1)) == list(UNITS)
    assert members(read, "BVHTTDL", "BGPB", date(2008, 3, 31)) == []


def test_a_merged_unit_ends_and_its_heir_keeps_its_history(engine: Engine) -> None:
    log = Entries()
    founding(log)
    log.says(
        MINISTRY,
        u.UnitRegistered(
            unit="TQU",
            name_vi="Sở Văn hóa, Thể thao và Du lịch Tuyên Quang",
            short_vi="Sở VHTTDL Tuyên Quang",
            kind="culture-sports-tourism",
            province="TQU",
            valid_from=date(2025, 7, 1),
            basis="NQ 202/2025/QH15",
        ),
        at="2025-06-30 08:00",
    )
    on = date(2025, 7, 1)
    log.says(MINISTRY, u.UnitMerged(units=("HGI",), into="TQU", on=on, basis="NQ 202/2025/QH15"))
    ended = {"last_day": date(2025, 6, 30), "basis": "NQ 202/2025/QH15"}
    log.says(MINISTRY, u.MembershipEnded(cluster="BGPB", unit="HGI", **ended))
    with reading(follow(engine, log)) as read:
        old, heir = unit_of(read, "HGI"), unit_of(read, "TQU")
        assert old is not None
        assert heir is not None
        assert (old.ended, old.into) == ("2025-07-01", ["TQU"])
        assert [change.change for change in old.changes] == ["registered", "merged"]
        assert heir.predecessors == ["HGI"]
        assert "HGI" in members(read, "BVHTTDL", "BGPB", date(2025, 6, 30))
        assert "HGI" not in members(read, "BVHTTDL", "BGPB", on)


def test_a_unit_is_called_what_it_was_called_on_the_day(engine: Engine) -> None:
    log = Entries()
    founding(log)
    named = {"name_vi": "Sở Văn hóa Lào Cai", "short_vi": "Sở VH Lào Cai"}
    renamed = u.UnitRenamed(unit="LCA", valid_from=date(2021, 1, 1), basis="QĐ 2", **named)
    log.says(MINISTRY, renamed)
    with reading(follow(engine, log)) as read:
        called = names(read)
        assert called.short("LCA", date(2020, 12, 31)) == "Sở VHTTDL Lào Cai"
        assert called.short("LCA", date(2021, 1, 1)) == called.short("LCA") == "Sở VH Lào Cai"
        assert called.short("XXX") == "XXX"


def test_the_rules_come_back_as_they_were_said(read: Reading) -> None:
    rules = regulation(read, "BVHTTDL", 2020)
    assert rules is not None
    assert [title.code for title in rules.titles] == [FLAG, PRAISE]
    book = rulebook(read, CYCLE)
    assert book is not None
    assert [one.code for one in book.rules.scoring.criteria] == ["I.1", "II.1"]
    assert holidays(read, "BVHTTDL") == {date(2021, 1, 1)}


def test_the_board_tells_done_late_open_and_missed(read: Reading) -> None:
    found = board(read, CYCLE)
    cells = {row.unit: {cell.step: cell for cell in row.cells} for row in found.rows}
    assert list(cells) == list(UNITS)
    assert cells["DBN"]["registration"].state == "done"
    assert cells["DBN"]["report"].state == "late"
    assert cells["LCA"]["report"].state == "done"
    assert cells["LCA"]["report"].until == "2020-10-30"
    assert cells["LCA"]["half-year-report"].state == "open"
    assert cells["HGI"]["dossier"].state == "done"
    assert cells["HGI"]["dossier"].sent_on == "2020-12-04"


def test_the_board_says_what_comes_next_until_when(engine: Engine) -> None:
    log = Entries()
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-01-10 08:00")
    aims = (u.Aim(title=FLAG),)
    log.says(unit("LCA"), u.ParticipationRegistered(unit="LCA", aims=aims), at="2020-03-01 08:00")
    with reading(follow(engine, log)) as read:
        first = board(read, CYCLE).next[0]
        assert (first.step, first.until, first.overdue) == ("registration", "2020-03-24", False)
        assert first.units == [code for code in UNITS if code != "LCA"]
        later = board(read, CYCLE, local("2020-03-25 00:00"))
        assert later.next[0].overdue
        cells = {row.unit: row.cells[0].state for row in later.rows}
        assert (cells["LCA"], cells["HGI"]) == ("done", "missed")


def test_a_withdrawn_report_is_open_again(engine: Engine) -> None:
    log = Entries()
    founding(log)
    log.says(unit("LCA"), u.ReportSubmitted(unit="LCA", kind="yearly"), at="2020-10-01 08:00")
    withdrawn = u.ReportWithdrawn(unit="LCA", kind="yearly", reason="Nhầm tệp")
    log.says(unit("LCA"), withdrawn)
    with reading(follow(engine, log)) as read:
        row = next(row for row in board(read, CYCLE).rows if row.unit == "LCA")
        assert next(cell for cell in row.cells if cell.step == "report").state == "open"
        assert reports_of(read, CYCLE, "LCA")[0]["state"] == "withdrawn"


def test_cycles_and_milestones(read: Reading) -> None:
    assert [one.year for one in all_cycles(read)] == [2021, 2020]
    passed = [one.milestone for one in milestones_of(read, CYCLE)]
    assert passed[0] == "rulebook"
    assert {"pledge-sent", "ranking", "conference-closed", "notified"} <= set(passed)


def test_scores_show_own_and_verified_points_with_reasons(read: Reading) -> None:
    found = scores(read, CYCLE, "CBG")
    assert found.self_total == "97.5"
    line = found.criteria[0]
    assert (line.self_points, line.points, line.ground) == ("58.0", "56.0", "cross-check")
    assert line.reason == "Thiếu minh chứng"
    assert found.criteria[1].ground == "self"
    assert {one["kind"]: one["points"] for one in found.adjustments} == {
        "bonus": "0.5",
        "minus": "1.0",
    }
    assert found.protests[0]["outcome"] == "rejected"


def test_a_file_shows_whether_the_store_holds_it_and_where_else_it_is_used(engine: Engine) -> None:
    log = Entries()
    founding(log)
    spring(log)
    first, second, third = (letter * 64 for letter in "abc")
    of_store = {
        sha256: Evidence(sha256=sha256, bytes=10, name=f"{sha256[:16]}.pdf")
        for sha256 in (first, third)
    }
    report = Evidence(sha256=first, bytes=10, name="Báo cáo.pdf", criterion="I.1")
    log.says(unit("LCA"), u.ReportSubmitted(unit="LCA", kind="yearly", evidence=(report,)))
    mark = u.Mark(criterion="I.2", points=Decimal(5), evidence=(first, second))
    log.says(unit("LCA"), u.ScoreSheetSubmitted(unit="LCA", rulebook=1, marks=(mark,)))
    store = "/services/door"
    log.says(store, u.EvidenceStored(unit="LCA", evidence=of_store[first]))
    log.says(store, u.EvidenceStored(unit="LCA", evidence=of_store[third]))
    log.says(store, u.EvidenceStored(unit="HGI", evidence=of_store[first]))
    log.says(store, u.EvidenceStored(unit="LCA", evidence=of_store[first]), NEXT)

    with reading(follow(engine, log)) as read:
        files = {one.sha256: one for one in evidence_of(read, CYCLE, "LCA")}
    stored, missing, unnamed = files[first], files[second], files[third]
    assert (stored.name, stored.criteria) == ("Báo cáo.pdf", ["I.1", "I.2"])
    assert stored.also == [(CYCLE, "HGI"), (NEXT, "LCA")]
    assert stored.position is not None
    assert (missing.position, missing.name, missing.criteria) == (None, None, ["I.2"])
    assert (unnamed.name, unnamed.criteria, unnamed.also) == (f"{third[:16]}.pdf", [], [])


def test_the_ranking_shows_its_reasons_and_that_it_was_approved(read: Reading) -> None:
    found = ranking(read, CYCLE)
    assert found is not None
    assert found.approved is not None
    assert found.accepted is not None
    second = found.rows[1]
    assert (second.unit, second.self_score, second.base, second.tie) == (
        "LCH",
        "97.5",
        "96.5",
        "base",
    )
    assert {reason["kind"] for reason in second.reasons} == {"bonus", "cross-check"}


def test_a_corrected_ranking_is_a_new_version_and_the_approved_one_stays_readable(
    engine: Engine,
) -> None:
    log = Entries()
    founding(log)
    log.says("/services/units", ranked(1), at="2020-11-13 08:00")
    log.says(CHAIR, b.RankingApproved(ranking=1))
    corrected = u.ScoreCorrected(
        unit="LCA",
        criterion="I.1",
        points=Decimal(50),
        reason="Sai số liệu",
        reference="BB 01",
    )
    log.says(CHAIR, corrected)
    log.says("/services/units", ranked(2))
    with reading(follow(engine, log)) as read:
        old, new = ranking(read, CYCLE, 1), ranking(read, CYCLE)
        assert old is not None
        assert new is not None
        assert (old.newest, old.approved is None) == (False, False)
        assert (new.version, new.newest, new.approved) == (2, True, None)
        assert scores(read, CYCLE, "LCA").criteria[0].ground == "correction"


def test_the_pledge_shows_signatures_targets_revisions_and_results(read: Reading) -> None:
    found = pledge(read, CYCLE)
    assert found is not None
    assert (found.state, found.signed) == ("sent", list(UNITS))
    target = found.targets[0]
    assert (target.first_value, target.value) == ("500.0", "300.0")
    assert target.revisions[0]["reason"] == "Giãn cách xã hội"
    assert [(one.unit, one.met) for one in target.results] == [("LCA", True)]


def test_who_has_not_signed_is_open_and_who_declined_says_why(engine: Engine) -> None:
    log = Entries()
    founding(log)
    targets = (p.Target(target="x", name_vi="X", measure="%", value=Decimal(1), sense="at-most"),)
    drafted = log.says(CHAIR, p.PledgeDrafted(version=1, theme="T", text="N", targets=targets))
    opened = p.PledgeOpened(version=1, draft=drafted, chair="LCH", members=UNITS)
    log.says("/services/pledges", opened)
    log.says(unit("SLA"), p.PledgeDeclined(unit="SLA", version=1, reason="Chưa thống nhất"))
    with reading(follow(engine, log)) as read:
        found = pledge(read, CYCLE)
        assert found is not None
        answers = {one.unit: (one.answer, one.reason) for one in found.signatures}
        assert answers["SLA"] == ("declined", "Chưa thống nhất")
        assert answers["LCA"] == ("open", None)


def test_a_ballot_shows_what_came_back_and_the_threshold(read: Reading) -> None:
    found = ballot_in_full(read, CYCLE, "phieu-1")
    assert found is not None
    ballot = found.ballot
    assert (ballot.state, ballot.issued, ballot.valid, ballot.needed) == ("decided", 7, 7, 5)
    assert (ballot.base_of, ballot.base, ballot.share) == ("members", 7, "≥ 2/3")
    assert found.counts[0]["signed_by"] == ["truong-ban"]
    called = ballot_in_full(read, CYCLE, "phieu-3")
    assert called is not None
    assert called.answered == list(UNITS)
    assert len(called.votes) == 7
    assert [one.ballot for one in ballots_of(read, CYCLE)] == [f"phieu-{n}" for n in (1, 2, 3, 4)]


def test_nobody_sees_how_others_voted_while_a_ballot_is_open(engine: Engine) -> None:
    log = Entries()
    founding(log)
    log.says(
        CHAIR,
        b.BallotOpened(
            ballot="phieu",
            about="chair",
            mode="roll-call",
            nominees=("LCA",),
            for_year=2021,
            closes=datetime(2020, 11, 21, 5, tzinfo=UTC),
        ),
        at="2020-11-21 08:00",
    )
    log.says(unit("LCA"), b.VoteCast(ballot="phieu", marks={"LCA": "yes"}))
    with reading(follow(engine, log)) as read:
        found = ballot_in_full(read, CYCLE, "phieu")
        assert found is not None
        assert found.answered == ["LCA"]
        assert found.votes == []
        assert all("yes" not in str(one.facts) for one in happenings(read))


def test_conferences_show_attendance_board_and_minutes(read: Reading) -> None:
    (found,) = conferences_of(read, CYCLE)
    assert (found.state, found.presiding, found.present) == ("closed", "LCH", list(UNITS))
    assert found.board == [{"member": "truong-ban", "unit": "CBG", "head": True}]
    assert found.minutes is not None
    report = cluster_report(read, CYCLE)
    assert report is not None
    assert report["by"] == "LCH"


def test_eligibility_names_rule_fact_and_event(read: Reading) -> None:
    verdict = eligibility(read, CYCLE)[0]
    assert (verdict.unit, verdict.title, verdict.eligible) == ("CBG", FLAG, True)
    assert verdict.findings == [
        {"rule": "registration", "holds": True, "fact": "Đã đăng ký", "event": "e" * 43}
    ]


def test_officers_go_through_the_years_with_dates(read: Reading) -> None:
    this, following = officers_of(read, CYCLE), officers_of(read, NEXT)
    assert this.chair is not None
    assert this.chair.status == "carried-over"
    assert following.chair is not None
    assert [step.status for step in following.history if step.office == "chair"] == [
        "elected",
        "recognised",
    ]
    assert following.history[0].on == "2020-11-21"
    assert following.chair.on == "2021-03-26"
    assert [one.year for one in officers_through_years(read, "BVHTTDL", "BGPB")] == [2021, 2020]


def test_a_refused_and_elected_anew_deputy_keeps_the_whole_history(engine: Engine) -> None:
    log = Entries()
    founding(log)
    elected = {"for_year": 2021, "ballot": "phieu-4", "votes": 7}
    log.says("/services/ballots", b.DeputyElected(unit="HGI", **elected), at="2020-11-21 08:00")
    refused = {"reason": "Không đủ điều kiện", "decided_on": date(2021, 3, 26)}
    refusal = b.RecognitionRefused(office="deputy", unit="HGI", **refused)
    log.says(MINISTRY, refusal, NEXT, at="2021-03-26 08:00")
    log.says("/services/ballots", b.DeputyElected(unit="SLA", **elected), NEXT)
    with reading(follow(engine, log)) as read:
        found = officers_of(read, NEXT)
        assert [(s.unit, s.status) for s in found.history] == [
            ("HGI", "elected"),
            ("HGI", "refused"),
            ("SLA", "elected"),
        ]
        assert found.deputy is not None
        assert found.deputy.unit == "SLA"


def test_a_proposal_is_no_award_until_it_is_decided(engine: Engine) -> None:
    log = Entries()
    founding(log)
    for order, code in enumerate(("LCA", "LCH", "LSN", "SLA"), start=1):
        proposal = {"order": order, "ballot": "p", "votes": 7, "against_ranking": False}
        log.says("/services/ballots", b.ProposalRecorded(title=FLAG, unit=code, **proposal))
    decided = {"decision": "QĐ 400", "decided_on": date(2021, 2, 5)}
    log.says(MINISTRY, b.AwardDecided(unit="LCA", award=FLAG, reward=11_920_000, **decided))
    log.says(MINISTRY, b.AwardDecided(unit="LCH", award=FLAG, reward=11_920_000, **decided))
    log.says(MINISTRY, b.AwardRefused(unit="LSN", title=FLAG, reason="Vượt chỉ tiêu"))
    log.says(MINISTRY, b.AwardDecided(unit="LSN", award=PRAISE, reward=2_980_000, **decided))
    later = {"decision": "QĐ 9", "decided_on": date(2022, 5, 5), "reason": "Phát hiện sai phạm"}
    log.says(MINISTRY, b.AwardRevoked(unit="LCA", award=FLAG, **later))
    downgraded = b.AwardDowngraded(unit="LCH", award=FLAG, to=PRAISE, reward=2_980_000, **later)
    log.says(MINISTRY, downgraded)
    with reading(follow(engine, log)) as read:
        found = awards_of(read, CYCLE)
        assert {(one.unit, one.award): one.state for one in found.rows} == {
            ("LCA", FLAG): "revoked",
            ("LCH", FLAG): "downgraded",
            ("LCH", PRAISE): "decided",
            ("LSN", FLAG): "refused",
            ("LSN", PRAISE): "decided",
            ("SLA", FLAG): "proposed",
        }
        assert found.reward_total == 2 * 2_980_000


def test_a_dossier_shows_its_limits_in_working_days_on_both_sides(read: Reading) -> None:
    found = next(one for one in dossiers_of(read, CYCLE) if one.unit == "LSN")
    assert (found.state, found.on_time, found.until) == ("appraised", True, "2020-12-04")
    assert [(one.step, one.until, one.late) for one in found.limits] == [
        ("return", "2020-12-10", False),
        ("complete", "2020-12-17", False),
        ("appraise", "2021-01-21", False),
        ("decide", "2021-02-08", False),
        ("notify", "2021-02-19", True),
    ]
    assert [one.step for one in found.authority_late] == ["notify"]


def test_a_dossier_in_the_post_in_time_is_on_time_however_late_it_arrives(engine: Engine) -> None:
    log = Entries()
    founding(log)
    spring(log)
    for code, sent in (("HGI", date(2020, 12, 4)), ("CBG", date(2020, 12, 5))):
        received = b.DossierReceived(unit=code, postmark=sent, received_on=date(2020, 12, 11))
        log.says(MINISTRY, received, at="2020-12-11 09:00")
    with reading(follow(engine, log)) as read:
        assert {one.unit: one.on_time for one in dossiers_of(read, CYCLE)} == {
            "HGI": True,
            "CBG": False,
        }


def test_the_timeline_says_each_entry_in_vietnamese_and_english(read: Reading) -> None:
    found = happenings(read, unit="LCA", type=p.PledgeSigned.TYPE, subject=CYCLE)
    assert found[0].vi == "Sở VHTTDL Lào Cai ký giao ước thi đua"
    assert found[0].en == "Department of Culture of Lào Cai signed the pledge"
    assert happening(read, event=found[0].hash) == happening(read, position=found[0].position)
    everything = happenings(read, most=1000)
    assert [one.position for one in everything] == list(range(read.position, 0, -1))
    assert all("{" not in one.vi + one.en for one in everything)
    page = happenings(read, most=5, before=everything[4].position)
    assert page == everything[5:10]


def test_every_event_type_has_a_sentence_made_of_its_own_members() -> None:
    assert SENTENCES.keys() == CONTRACTS.keys()
    for kind, sentence in SENTENCES.items():
        assert set(sentence.facts) <= CONTRACTS[kind].data.model_fields.keys(), kind


def test_refused_events_say_why_and_what_to_do_but_never_what_they_held(read: Reading) -> None:
    said, refused = refused_events(read)
    assert (refused.code, refused.outcome, refused.source) == (
        "DEADLINE_PASSED",
        "refused",
        "/units/CBG",
    )
    assert refused.problem["fix_vi"]
    assert "2020-03-24" in refused.problem["detail_vi"]
    assert (said.outcome, said.source, said.code) == ("said", "/units/SLA", "SCHEMA_INVALID")
    assert "nothing" not in str(said)
    assert refused_at(read, refused.position) == refused
    assert happenings(read, most=1, before=refused.position + 1)[0].vi.startswith("Sự kiện")


def test_keys_show_owner_status_and_how_far_their_chains_are(read: Reading) -> None:
    keys = {one.kid: one for one in all_keys(read)}
    key = keys["LCA/2020-1"]
    assert (key.owner, key.status) == ("/units/LCA", "active")
    assert {one["service"]: one["seq"] for one in key.chains}["units"] == 3


def test_a_rotated_and_a_revoked_key_keep_their_end(engine: Engine) -> None:
    log = Entries()
    founding(log)
    new = {"new_kid": "LCA/2021-1", "alg": "EdDSA", "spki": "B" * 44, "proof": "B" * 86}
    log.says(unit("LCA"), u.KeyRotated(kid="LCA/2020-1", **new))
    log.says(MINISTRY, u.KeyRevoked(kid="LCA/2021-1", reason="Lộ khóa bí mật"))
    with reading(follow(engine, log)) as read:
        keys = {one.kid: one for one in all_keys(read)}
        assert (keys["LCA/2020-1"].status, keys["LCA/2020-1"].replaced_by) == (
            "rotated",
            "LCA/2021-1",
        )
        assert keys["LCA/2021-1"].status == "revoked"
        assert keys["LCA/2021-1"].owner == "/units/LCA"
