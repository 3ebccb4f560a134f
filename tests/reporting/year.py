"""The year 2020 of the seven border provinces, as it would stand in a log, for tests of read models."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.reporting.entries import MINISTRY, NEXT, Entries, unit
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.contracts.base import Deadline, Share
from thidua.contracts.rulebook import (
    Council,
    Criterion,
    Deadlines,
    Question,
    Requirements,
    ScoringTable,
    TieRule,
    Title,
    VotingRules,
    WorkingDays,
)
from thidua.log.entry import read_entry
from thidua.signing import parse_jws

UNITS = ("CBG", "DBN", "HGI", "LCA", "LCH", "LSN", "SLA")
NAMES = {
    "CBG": "Cao Bằng",
    "DBN": "Điện Biên",
    "HGI": "Hà Giang",
    "LCA": "Lào Cai",
    "LCH": "Lai Châu",
    "LSN": "Lạng Sơn",
    "SLA": "Sơn La",
}
SHA = "ab" * 32
SPKI = "A" * 44
RANKED = (
    ("LCA", "98.0", "97.0", "1.5", "0.0", "98.5"),
    ("LCH", "97.5", "96.5", "2.0", "0.0", "98.5"),
    ("LSN", "96.5", "96.0", "1.0", "0.0", "97.0"),
    ("SLA", "96.0", "95.5", "1.0", "0.5", "96.0"),
    ("HGI", "95.5", "95.0", "1.0", "0.0", "96.0"),
    ("DBN", "95.0", "94.5", "0.5", "0.0", "95.0"),
    ("CBG", "94.5", "94.0", "0.5", "1.0", "93.5"),
)
FLAG, PRAISE = "co-bo", "bang-khen-bo"
CHAIR = unit("LCH")
MOVEMENT = "Thi đua hoàn thành nhiệm vụ năm 2020"


def deadline(day: str, *, sent: bool = False) -> Deadline:
    """A limit strictly before *day*."""
    counts = "sent" if sent else "received"
    return Deadline(date=date.fromisoformat(day), kind="before", counts=counts)


def regulation() -> u.RegulationIssued:
    """The ministry's rules for 2020."""
    flag = Title(
        code=FLAG,
        name_vi="Cờ thi đua của Bộ",
        name_en="Emulation flag of the Ministry",
        kind="title",
        multiple=Decimal(8),
        quota=3,
    )
    praise = Title(
        code=PRAISE,
        name_vi="Bằng khen của Bộ trưởng",
        name_en="Certificate of merit of the Minister",
        kind="commendation",
        multiple=Decimal(1),
        factor=2,
        excludes=(FLAG,),
    )
    half = Share(num=1, den=2, op="more-than")
    return u.RegulationIssued(
        year=2020,
        basis="TT 07/2019/TT-BVHTTDL",
        deadlines=Deadlines(
            registration=deadline("2020-03-25"),
            pledge_sent=deadline("2020-03-30"),
            yearly_report=deadline("2020-10-31"),
            cluster_report=deadline("2020-12-05"),
            dossier=deadline("2020-12-05", sent=True),
        ),
        titles=(flag, praise),
        working_days=WorkingDays(
            return_within=3,
            complete_within=5,
            appraise_within=25,
            decide_within=7,
            notify_within=10,
        ),
        council=Council(members=24, quorum=half, threshold=half),
        acting="elected",
        suspended="not-considered",
        reward_step=1000,
    )


def rulebook() -> u.RulebookAdopted:
    """The cluster's rulebook of 2020."""
    half = Share(num=1, den=2, op="more-than")
    return u.RulebookAdopted(
        version=1,
        adopted_on=date(2020, 3, 20),
        basis="Quy chế Cụm 2020",
        scoring=ScoringTable(
            total=Decimal(100),
            step=Decimal("0.5"),
            bonus_cap=Decimal(5),
            criteria=(
                Criterion(code="I.1", group="I", name_vi="Chuyên môn", maximum=Decimal(60)),
                Criterion(code="II.1", group="II", name_vi="Chấp hành", maximum=Decimal(40)),
            ),
        ),
        ties=(TieRule(by="base"),),
        voting=VotingRules(
            quorum=Share(num=2, den=3),
            self_vote=True,
            written_opinions=True,
            suspended_vote=True,
            questions=(
                Question(about=FLAG, form="choose", threshold=half, base="members", places=3),
            ),
        ),
        requirements=Requirements(),
    )


def founding(log: Entries) -> None:
    """The registry: authority, units, cluster, members, rules."""
    log.at = "2020-01-02 08:00"
    log.says(
        MINISTRY,
        u.LogOpened(
            origin="sandbox/test/p0",
            format=1,
            partition="p0",
            sandbox=True,
            root_kid="BVHTTDL/root",
            root_alg="EdDSA",
            root_spki=SPKI,
        ),
    )
    name = "Bộ Văn hóa, Thể thao và Du lịch"
    log.says(MINISTRY, u.AuthorityEstablished(authority="BVHTTDL", name_vi=name))
    for code in UNITS:
        log.says(
            MINISTRY,
            u.UnitRegistered(
                unit=code,
                name_vi=f"Sở Văn hóa, Thể thao và Du lịch {NAMES[code]}",
                short_vi=f"Sở VHTTDL {NAMES[code]}",
                name_en=f"Department of Culture of {NAMES[code]}",
                kind="culture-sports-tourism",
                province=code,
                valid_from=date(2008, 4, 1),
                basis="QĐ thành lập",
            ),
        )
        key = {"kid": f"{code}/2020-1", "alg": "EdDSA", "spki": SPKI, "proof": "A" * 86}
        log.says(MINISTRY, u.KeyRegistered(owner=unit(code), **key))
    cluster = "Cụm thi đua các tỉnh miền núi, biên giới phía Bắc"
    started = {"valid_from": date(2008, 4, 1), "basis": "QĐ 1"}
    log.says(MINISTRY, u.ClusterFormed(cluster="BGPB", name_vi=cluster, **started))
    for code in UNITS:
        log.says(MINISTRY, u.MembershipStarted(cluster="BGPB", unit=code, **started))
    log.says(MINISTRY, u.CalendarPublished(year=2021, holidays=(date(2021, 1, 1),)))
    log.says(
        MINISTRY,
        u.BaseSalarySet(amount=1_490_000, valid_from=date(2019, 7, 1), basis="NĐ 38/2019/NĐ-CP"),
    )
    log.says(MINISTRY, regulation())
    log.says(
        MINISTRY,
        p.MovementApproved(
            year=2020,
            theme=MOVEMENT,
            contents=("Nội dung",),
            basis="QĐ 34",
            decided_on=date(2020, 1, 10),
        ),
    )


def spring(log: Entries) -> None:
    """Cycle opened, officers carried over, registration, rulebook, pledge."""
    log.says(MINISTRY, u.CycleOpened(), at="2020-01-10 08:00")
    elected = {"elected_on": date(2019, 11, 20), "basis": "Biên bản 2019"}
    log.says(MINISTRY, b.OfficerCarriedOver(office="chair", unit="LCH", **elected))
    log.says(MINISTRY, b.OfficerCarriedOver(office="deputy", unit="LCA", **elected))
    for code in UNITS:
        at = "2020-03-24 23:50" if code == "DBN" else "2020-03-12 08:00"
        aims = (u.Aim(title=FLAG),)
        log.says(unit(code), u.ParticipationRegistered(unit=code, aims=aims), at=at)
    log.says(CHAIR, rulebook(), at="2020-03-25 08:00")
    targets = (
        p.Target(
            target="du-khach",
            name_vi="Số lượt khách",
            measure="nghìn lượt",
            value=Decimal(500),
            sense="at-least",
        ),
    )
    draft = p.PledgeDrafted(version=1, theme="Giao ước 2020", text="Nội dung", targets=targets)
    drafted = log.says(CHAIR, draft)
    opened = p.PledgeOpened(version=1, draft=drafted, chair="LCH", members=UNITS)
    log.says("/services/pledges", opened)
    for code in UNITS:
        log.says(unit(code), p.PledgeSigned(unit=code, version=1, signer_role="Giám đốc"))
    log.says("/services/pledges", p.PledgeConcluded(version=1, signed=UNITS))
    log.says(CHAIR, p.PledgeSent(version=1), at="2020-03-27 08:00")
    log.says(
        CHAIR,
        p.TargetRevised(
            target="du-khach", value=Decimal(300), reason="Giãn cách xã hội", noticed=UNITS
        ),
        at="2020-04-20 08:00",
    )


def autumn(log: Entries) -> None:
    """Reports, self-scores, cross-check, a protest, the ranking."""
    late = {"DBN": "2020-10-31 09:00", "SLA": "2020-11-01 09:00"}
    for code in UNITS:
        log.at = "2020-10-30 09:00"
        if code not in late:
            _report(log, code)
    for code, at in sorted(late.items(), key=lambda item: item[1]):
        log.at = at
        _report(log, code)
    log.says(
        unit("LCA"),
        p.TargetResultReported(
            unit="LCA", target="du-khach", value=Decimal(320), as_of=date(2020, 10, 31)
        ),
    )
    log.at = "2020-11-06 09:00"
    team = u.Team(team="team-1", lead="LCH", members=("LCH", "DBN"), checks=("HGI", "CBG"))
    log.says(
        CHAIR,
        u.CrossCheckPlanned(teams=(team,), starts=date(2020, 11, 6), ends=date(2020, 11, 9)),
    )
    for code in UNITS:
        finding = u.Finding(criterion="I.1", points=Decimal(56), reason="Thiếu minh chứng")
        log.says(CHAIR, u.CrossCheckRecorded(unit=code, team="team-1", findings=(finding,)))
    for code, _, _, bonus, minus, _ in RANKED:
        for kind, points in (("bonus", bonus), ("minus", minus)):
            if Decimal(points):
                given = {"adjustment": kind, "kind": kind, "points": Decimal(points)}
                log.says(CHAIR, u.PointsAdjusted(unit=code, reason=f"Lý do {kind}", **given))
    log.says(
        unit("CBG"),
        u.ScoreProtested(
            unit="CBG",
            protest="p-1",
            criterion="I.1",
            claimed=Decimal(57),
            reason="Có minh chứng bổ sung",
        ),
        at="2020-11-12 09:00",
    )
    log.says(
        CHAIR,
        u.ProtestResolved(unit="CBG", protest="p-1", outcome="rejected", reason="Không đủ căn cứ"),
    )
    log.says(CHAIR, u.ScoringClosed(), at="2020-11-13 09:00")
    log.says("/services/units", ranking(1))


def _report(log: Entries, code: str) -> None:
    log.says(unit(code), u.ReportSubmitted(unit=code, kind="yearly"))
    marks = (
        u.Mark(criterion="I.1", points=Decimal(58), note="Đủ"),
        u.Mark(criterion="II.1", points=Decimal("39.5")),
    )
    log.says(unit(code), u.ScoreSheetSubmitted(unit=code, rulebook=1, marks=marks))


def ranking(version: int) -> u.RankingConsolidated:
    """The ranking of 2020."""
    rows = tuple(
        u.Standing(
            unit=code,
            self_score=Decimal(own),
            base=Decimal(base),
            bonus=Decimal(bonus),
            minus=Decimal(minus),
            total=Decimal(total),
            rank=rank,
            groups={"I": Decimal(base)},
            tie="base" if code in {"LCH", "HGI"} else None,
        )
        for rank, (code, own, base, bonus, minus, total) in enumerate(RANKED, start=1)
    )
    return u.RankingConsolidated(version=version, rulebook=1, rows=rows)


def conference(log: Entries) -> None:
    """The conference of 21 November: ballots, elections, minutes, and the next year's pledge."""
    log.at = "2020-11-21 08:00"
    eligible = tuple(
        b.Eligibility(
            unit=code,
            title=FLAG,
            eligible=True,
            findings=(
                b.Finding(rule="registration", holds=True, fact="Đã đăng ký", event="e" * 43),
            ),
        )
        for code in UNITS
    )
    log.says("/services/ballots", b.EligibilityDetermined(version=1, ranking=1, rows=eligible))
    starts = datetime(2020, 11, 21, 1, tzinfo=UTC)
    log.says(CHAIR, b.ConferenceConvened(conference="hoi-nghi", starts=starts, place="Lai Châu"))
    log.says(CHAIR, b.ConferenceOpened(conference="hoi-nghi"))
    log.says(CHAIR, b.AttendanceRecorded(conference="hoi-nghi", present=UNITS))
    member = b.BoardMember(member="truong-ban", unit="CBG", head=True)
    log.says(CHAIR, b.CountingBoardElected(conference="hoi-nghi", members=(member,)))
    log.says(CHAIR, b.ScoresAccepted(conference="hoi-nghi", ranking=1))
    flags = {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1}
    _ballot(log, "phieu-1", FLAG, "paper", flags, ("LCA", "LCH", "LSN"), 5, 3)
    _propose(log, FLAG, "phieu-1", (("LCA", 7), ("LCH", 7), ("LSN", 6)))
    praised = {"SLA": 7, "HGI": 7, "DBN": 7, "CBG": 6}
    _ballot(log, "phieu-2", PRAISE, "paper", praised, tuple(praised), 4, 4)
    _propose(log, PRAISE, "phieu-2", tuple(praised.items()))
    _ballot(log, "phieu-3", "chair", "roll-call", {"LCA": 7}, ("LCA",), 4, 1)
    elected = {"for_year": 2021, "votes": 7}
    log.says("/services/ballots", b.ChairElected(unit="LCA", ballot="phieu-3", **elected))
    _ballot(log, "phieu-4", "deputy", "roll-call", {"HGI": 7}, ("HGI",), 4, 1)
    log.says("/services/ballots", b.DeputyElected(unit="HGI", ballot="phieu-4", **elected))
    log.says(CHAIR, b.RankingApproved(conference="hoi-nghi", ranking=1))
    log.says(CHAIR, b.MinutesIssued(conference="hoi-nghi", document=SHA))
    log.says(CHAIR, b.ConferenceClosed(conference="hoi-nghi"))
    log.says(MINISTRY, u.CycleOpened(), NEXT)
    targets = (p.Target(target="x", name_vi="X", measure="%", value=Decimal(90), sense="at-least"),)
    draft = p.PledgeDrafted(version=1, theme="Giao ước 2021", text="Nội dung", targets=targets)
    drafted = log.says(unit("LCA"), draft, NEXT)
    opened = p.PledgeOpened(version=1, draft=drafted, chair="LCA", members=UNITS)
    log.says("/services/pledges", opened, NEXT)
    for code in UNITS:
        log.says(unit(code), p.PledgeSigned(unit=code, version=1, signer_role="Giám đốc"), NEXT)
    log.says("/services/pledges", p.PledgeConcluded(version=1, signed=UNITS), NEXT)


def _ballot(
    log: Entries,
    name: str,
    about: str,
    mode: str,
    votes: dict[str, int],
    passed: tuple[str, ...],
    needed: int,
    places: int,
) -> None:
    for_year = 2021 if about in {"chair", "deputy"} else None
    opened = {"ballot": name, "about": about, "mode": mode, "nominees": tuple(votes)}
    closes = datetime(2020, 11, 21, 5, tzinfo=UTC) if mode == "roll-call" else None
    log.says(
        CHAIR, b.BallotOpened(conference="hoi-nghi", for_year=for_year, closes=closes, **opened)
    )
    if mode == "roll-call":
        for code in UNITS:
            marks = dict.fromkeys(votes, "yes")
            log.says(unit(code), b.VoteCast(ballot=name, marks=marks))
    else:
        log.says(CHAIR, b.SlipsIssued(ballot=name, prepared=8, issued_to=UNITS, unused=1))
        log.says(CHAIR, b.BoxSealed(ballot=name))
        log.says(CHAIR, b.BoxOpened(ballot=name))
        marks = {code: b.Answers(yes=n, no=7 - n) for code, n in votes.items()}
        counted = {"issued": 7, "returned": 7, "valid": 7, "marks": marks}
        log.says(CHAIR, b.CountRecorded(ballot=name, count=1, counters=("truong-ban",), **counted))
        log.says(CHAIR, b.CountSigned(ballot=name, count=1, member="truong-ban"))
    log.says("/services/ballots", b.BallotClosed(ballot=name, reason="counted"))
    marks = {code: b.Answers(yes=n, no=7 - n) for code, n in votes.items()}
    tally = {"issued": 7, "returned": 7, "valid": 7, "written": 0, "marks": marks}
    log.says("/services/ballots", b.TallyPublished(ballot=name, mode=mode, **tally))
    log.says(
        "/services/ballots",
        b.OutcomeDecided(
            ballot=name,
            about=about,
            rulebook=1,
            round=1,
            members=7,
            participants=7,
            quorum=5,
            base_of="members",
            base=7,
            share=Share(num=2, den=3),
            needed=needed,
            places=places,
            votes=votes,
            reached=passed,
            passed=passed,
            next="done",
        ),
    )


def _propose(log: Entries, title: str, ballot: str, order: tuple[tuple[str, int], ...]) -> None:
    for place, (code, votes) in enumerate(order, start=1):
        log.says(
            "/services/ballots",
            b.ProposalRecorded(
                title=title,
                unit=code,
                order=place,
                ballot=ballot,
                votes=votes,
                against_ranking=False,
            ),
        )


def winter(log: Entries) -> None:
    """Dossiers, the council, the awards, recognition."""
    log.says(CHAIR, b.ClusterReportSubmitted(ranking=1, document=SHA), at="2020-11-26 09:00")
    paper = b.Document(kind="to-trinh", name="Tờ trình", sha256=SHA)
    for code in UNITS:
        sent = b.DossierSubmitted(unit=code, titles=(FLAG,), documents=(paper,))
        log.says(unit(code), sent, at="2020-12-04 09:00")
    log.at = "2020-12-08 09:00"
    for code in UNITS:
        received = {"postmark": date(2020, 12, 4), "received_on": date(2020, 12, 7)}
        log.says(MINISTRY, b.DossierReceived(unit=code, **received))
    returned = b.DossierReturned(unit="LSN", missing=("Biên bản",), reason="Thiếu biên bản")
    log.says(MINISTRY, returned, at="2020-12-10 09:00")
    completed = b.DossierCompleted(unit="LSN", documents=(paper,))
    log.says(unit("LSN"), completed, at="2020-12-16 09:00")
    log.at = "2021-01-21 09:00"
    for code in UNITS:
        log.says(MINISTRY, b.DossierAppraised(unit=code, result="qualified"))
    held = {"held_on": date(2021, 1, 28), "present": 20}
    for title in (FLAG, PRAISE):
        voted = b.CouncilVoted(title=title, votes=dict.fromkeys(UNITS, 13), **held)
        log.says(MINISTRY, voted, at="2021-01-28 09:00")
    log.at = "2021-02-05 09:00"
    for code in UNITS:
        flagged = code in {"LCA", "LCH", "LSN"}
        award, reward = (FLAG, 11_920_000) if flagged else (PRAISE, 2_980_000)
        decided = {"decision": "QĐ 400", "decided_on": date(2021, 2, 5), "reward": reward}
        log.says(MINISTRY, b.AwardDecided(unit=code, award=award, **decided))
    told = b.ResultNotified(units=UNITS, notified_on=date(2021, 2, 26))
    log.says(MINISTRY, told, at="2021-02-26 09:00")
    for office, code in (("chair", "LCA"), ("deputy", "HGI")):
        decided = {"decision": "QĐ 1000", "decided_on": date(2021, 3, 26)}
        recognised = b.OfficerRecognised(office=office, unit=code, **decided)
        log.says(MINISTRY, recognised, NEXT, at="2021-03-26 09:00")


def year_2020() -> Entries:
    """The whole year, and three refused events in it."""
    log = Entries()
    founding(log)
    spring(log)
    log.refuse(
        unit("CBG"),
        u.ParticipationRegistered(unit="CBG", aims=(u.Aim(title=FLAG),)),
        "DEADLINE_PASSED",
        {"deadline": "2020-03-24", "received": "2020-03-25"},
    )
    kind = u.ReportSubmitted.TYPE
    log.misspell(unit("SLA"), kind, "SCHEMA_INVALID", {"path": "/data/kind"})
    autumn(log)
    conference(log)
    winter(log)
    return log


def event_at(position: int) -> str:
    """The hash of the event at a position of the year."""
    entry = read_entry(position, year_2020().raw[position - 1][1])
    return parse_jws(entry.jws or b"").hash
