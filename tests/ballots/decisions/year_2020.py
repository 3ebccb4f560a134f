"""
The seed year 2020 as the ballots service hears of it, up to the conference's proposals.

Only the events this part of the service rests on: the registry, the year's rules, registrations,
pledge and ranking of the worked example, and the proposals as the ballots made them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from services.ballots.domain import JUDGE, Cycle
from thidua.contracts import EventData
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
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code
from thidua.testing.story import Story

MINISTRY: Final = "/authorities/BVHTTDL"
CYCLE: Final = "BVHTTDL/BGPB/2020"
NEXT: Final = "BVHTTDL/BGPB/2021"
NAMES: Final = {
    "LCA": "Lào Cai",
    "LCH": "Lai Châu",
    "LSN": "Lạng Sơn",
    "SLA": "Sơn La",
    "HGI": "Hà Giang",
    "DBN": "Điện Biên",
    "CBG": "Cao Bằng",
}
UNITS: Final = tuple(NAMES)
CHAIR: Final = "/units/LCH"
DEPUTY: Final = "/units/LCA"
FLAG: Final = ("LCA", "LCH", "LSN")
CERTIFICATE: Final = ("SLA", "HGI", "DBN", "CBG")
PROPOSED: Final = dict.fromkeys(FLAG, "co-bo") | dict.fromkeys(CERTIFICATE, "bang-khen-bo")
REWARDS: Final = {"co-bo": 11_920_000, "bang-khen-bo": 2_980_000}
SHA256: Final = "0" * 64
SCORES: Final = {
    "LCA": ("97.0", "1.5", "0", 1),
    "LCH": ("96.5", "2", "0", 2),
    "LSN": ("96.0", "1", "0", 3),
    "SLA": ("95.5", "1", "0.5", 4),
    "HGI": ("95.0", "1", "0", 5),
    "DBN": ("94.5", "0.5", "0", 6),
    "CBG": ("94.0", "0.5", "1", 7),
}
HOLIDAYS: Final = {
    2020: (date(2020, 1, 1), date(2020, 4, 30), date(2020, 5, 1), date(2020, 9, 2)),
    2021: (date(2021, 1, 1), *(date(2021, 2, day) for day in range(10, 17))),
}


def titles() -> tuple[Title, ...]:
    """The ministry's flag and certificate, and the government's flag that is only suggested."""
    return (
        Title(
            code="co-bo",
            name_vi="Cờ thi đua của Bộ",
            name_en="Ministry's emulation flag",
            kind="title",
            multiple=Decimal(8),
            quota=3,
            excludes=("ctdcp",),
        ),
        Title(
            code="bang-khen-bo",
            name_vi="Bằng khen của Bộ trưởng",
            name_en="Minister's certificate of merit",
            kind="commendation",
            multiple=Decimal(1),
            factor=2,
            excludes=("co-bo",),
        ),
        Title(
            code="ctdcp",
            name_vi="Cờ thi đua của Chính phủ",
            name_en="Government's emulation flag",
            kind="title",
            multiple=Decimal(12),
            state_level=True,
        ),
    )


def regulation(**changed: object) -> u.RegulationIssued:
    """The ministry's rules of 2020 (TT 07/2019/TT-BVHTTDL), with parts *changed*."""
    half = Share(num=1, den=2, op="more-than")
    before = date(2020, 12, 5)
    given: dict[str, object] = {
        "year": 2020,
        "basis": "TT 07/2019/TT-BVHTTDL",
        "deadlines": Deadlines(
            cluster_report=Deadline(date=before, kind="before"),
            dossier=Deadline(date=before, kind="before", counts="sent"),
        ),
        "titles": titles(),
        "working_days": WorkingDays(
            return_within=3,
            complete_within=5,
            appraise_within=25,
            decide_within=7,
            notify_within=10,
        ),
        "council": Council(members=24, quorum=half, threshold=half),
        "acting": "elected",
        "suspended": "not-considered",
        "reward_step": 10_000,
    }
    return u.RegulationIssued.model_validate({**given, **changed})


def rulebook(**required: object) -> u.RulebookAdopted:
    """The cluster's rulebook, with what it requires of a unit."""
    half = Share(num=1, den=2, op="more-than")
    line = Criterion(code="I", group="I", name_vi="Chuyên môn", maximum=Decimal(100))
    return u.RulebookAdopted(
        version=1,
        adopted_on=date(2020, 3, 20),
        basis="Quy chế hoạt động của Cụm năm 2020",
        scoring=ScoringTable(total=Decimal(100), step=Decimal("0.5"), criteria=(line,)),
        ties=(TieRule(by="base"),),
        voting=VotingRules(
            quorum=Share(num=2, den=3),
            self_vote=True,
            written_opinions=True,
            suspended_vote=True,
            questions=(
                Question(about="co-bo", form="choose", threshold=half, base="members", places=3),
                Question(about="bang-khen-bo", form="agree", threshold=half, base="members"),
                Question(about="chair", form="agree", threshold=half, base="members", places=1),
                Question(about="deputy", form="agree", threshold=half, base="members", places=1),
            ),
        ),
        requirements=Requirements.model_validate(required),
    )


def ranking(version: int = 1, *units: str) -> u.RankingConsolidated:
    """The ranking of the worked example, of all units or only of *units*."""
    shown = units or UNITS
    rows = tuple(
        u.Standing(
            unit=unit,
            self_score=Decimal(base),
            base=Decimal(base),
            bonus=Decimal(bonus),
            minus=Decimal(minus),
            total=Decimal(base) + Decimal(bonus) - Decimal(minus),
            rank=rank,
            groups={"I": Decimal(base)},
        )
        for unit, (base, bonus, minus, rank) in SCORES.items()
        if unit in shown
    )
    left_out = tuple(unit for unit in UNITS if unit not in shown)
    return u.RankingConsolidated(version=version, rulebook=1, rows=rows, left_out=left_out)


def founded(rules: u.RegulationIssued | None = None) -> Story[Cycle]:
    """A story with the registry of the seven, the calendars, the salary and the year's regulation."""
    story = Story(JUDGE, authority="BVHTTDL", cycle=CYCLE)
    tell(story, "2019-12-02 08:00", u.AuthorityEstablished(authority="BVHTTDL", name_vi="Bộ"))
    for year, holidays in HOLIDAYS.items():
        tell(story, "2019-12-02 08:00", u.CalendarPublished(year=year, holidays=holidays))
    for amount, since in ((1_490_000, date(2019, 7, 1)), (1_800_000, date(2023, 7, 1))):
        salary = u.BaseSalarySet(amount=amount, valid_from=since, basis="NĐ 38/2019/NĐ-CP")
        tell(story, "2019-12-02 08:00", salary)
    tell(story, "2019-12-02 08:00", rules or regulation())
    formed = u.ClusterFormed(
        cluster="BGPB",
        name_vi="Cụm thi đua các tỉnh miền núi, biên giới phía Bắc",
        valid_from=date(2015, 1, 1),
        basis="QĐ 1/QĐ-BVHTTDL",
    )
    tell(story, "2019-12-02 08:00", formed)
    for code in UNITS:
        join(story, code)
    tell(story, "2019-12-02 09:00", u.CycleOpened())
    carried = {"chair": "LCH", "deputy": "LCA"}
    for office, unit in carried.items():
        officer = b.OfficerCarriedOver.model_validate(
            {"office": office, "unit": unit, "elected_on": date(2019, 11, 22), "basis": "QĐ 2"}
        )
        tell(story, "2020-01-06 08:00", officer)
    return story


def join(story: Story[Cycle], code: str, since: date = date(2008, 3, 1)) -> None:
    """A unit enters the registry and the cluster."""
    unit = u.UnitRegistered(
        unit=code,
        name_vi=f"Sở Văn hóa, Thể thao và Du lịch tỉnh {NAMES.get(code, code)}",
        short_vi=f"Sở VHTTDL {NAMES.get(code, code)}",
        kind="culture-sports-tourism",
        province=code,
        valid_from=since,
        basis="NĐ 13/2008/NĐ-CP",
    )
    member = u.MembershipStarted(cluster="BGPB", unit=code, valid_from=since, basis="QĐ 1")
    tell(story, "2019-12-02 08:30", unit)
    tell(story, "2019-12-02 08:30", member)


def prepared(
    *,
    rules: u.RegulationIssued | None = None,
    book: u.RulebookAdopted | None = None,
    registered: tuple[str, ...] = UNITS,
    signed: tuple[str, ...] = UNITS,
) -> Story[Cycle]:
    """The year up to the eve of the ranking: registrations and the concluded pledge."""
    story = founded(rules)
    for code in registered:
        aims = (u.Aim(title="co-bo"),)
        tell(story, "2020-03-12 08:00", u.ParticipationRegistered(unit=code, aims=aims), code)
    tell(story, "2020-03-20 08:00", book or rulebook(), "LCH")
    for code in signed:
        signature = p.PledgeSigned(unit=code, version=1, signer_role="Giám đốc")
        tell(story, "2020-03-20 09:00", signature, code)
    declined = tuple(code for code in UNITS if code not in signed)
    concluded = p.PledgeConcluded(version=1, signed=signed, declined=declined)
    story.given("2020-03-20 09:30", "/services/pledges", concluded)
    return story


def proposed() -> Story[Cycle]:
    """The year after the conference: ranked, approved, and all seven proposed."""
    story = prepared()
    story.given("2020-11-13 17:00", "/services/units", ranking())
    story.due(at="2020-11-13 17:00")
    approval = b.RankingApproved(ranking=1)
    story.given("2020-11-21 10:30", CHAIR, approval)
    for order, (unit, title) in enumerate(PROPOSED.items(), 1):
        proposal = b.ProposalRecorded(
            title=title, unit=unit, order=order, ballot=title, votes=7, against_ranking=False
        )
        story.given("2020-11-21 10:45", "/services/ballots", proposal)
    return story


def appraised(*units: str) -> Story[Cycle]:
    """The year with the dossiers of *units* (all seven if none is named) found qualified."""
    story = proposed()
    for unit in units or UNITS:
        accept(story, "2020-12-02 08:00", submitted(unit), f"/units/{unit}")
        accept(story, "2020-12-04 08:00", received(unit, date(2020, 12, 2), date(2020, 12, 4)))
        qualified = b.DossierAppraised(unit=unit, result="qualified")
        accept(story, "2021-01-20 08:00", qualified)
    return story


def voted() -> Story[Cycle]:
    """The year after the council of 28/01/2021: 20 of 24 present, all seven proposals carried."""
    story = appraised()
    accept(story, "2021-01-28 16:00", council("co-bo", dict.fromkeys(FLAG, 18)))
    accept(story, "2021-01-28 16:00", council("bang-khen-bo", dict.fromkeys(CERTIFICATE, 17)))
    return story


def awarded() -> Story[Cycle]:
    """The year after the decisions of 05/02/2021."""
    story = voted()
    for unit, title in PROPOSED.items():
        accept(story, "2021-02-05 10:00", award(unit, title))
    return story


def submitted(unit: str, *given: str) -> b.DossierSubmitted:
    """A unit's dossier for the title it is proposed for, or for other titles."""
    document = b.Document(kind="to-trinh", name="Tờ trình", sha256=SHA256)
    return b.DossierSubmitted(unit=unit, titles=given or (PROPOSED[unit],), documents=(document,))


def received(unit: str, postmark: date, on: date) -> b.DossierReceived:
    """The authority's attestation of a dossier's postmark and arrival."""
    return b.DossierReceived(unit=unit, postmark=postmark, received_on=on)


def returned(unit: str) -> b.DossierReturned:
    """A dossier returned for want of the council's minutes."""
    missing = ("Biên bản họp Hội đồng Thi đua - Khen thưởng của Sở",)
    return b.DossierReturned(unit=unit, missing=missing, reason="Hồ sơ thiếu biên bản")


def completed(unit: str) -> b.DossierCompleted:
    """What was missing."""
    document = b.Document(kind="bien-ban", name="Biên bản họp Hội đồng", sha256=SHA256)
    return b.DossierCompleted(unit=unit, documents=(document,))


def council(
    title: str, votes: dict[str, int], *, present: int = 20, agrees: tuple[str, ...] = ()
) -> b.CouncilVoted:
    """The council's vote of 28/01/2021 on one title."""
    return b.CouncilVoted(
        title=title,
        held_on=date(2021, 1, 28),
        present=present,
        votes=votes,
        chair_agrees=agrees,
    )


def award(unit: str, title: str, reward: int | None = None) -> b.AwardDecided:
    """The minister's decision of 05/02/2021."""
    return b.AwardDecided(
        unit=unit,
        award=title,
        decision="QĐ 501/QĐ-BVHTTDL 05/02/2021",
        decided_on=date(2021, 2, 5),
        reward=REWARDS[title] if reward is None else reward,
    )


def tell(story: Story[Cycle], at: str, data: EventData, unit: str | None = None) -> None:
    """*data* stands in the log, said by a unit or by the ministry."""
    story.given(at, MINISTRY if unit is None else f"/units/{unit}", data)


def accept(story: Story[Cycle], at: str, data: EventData, source: str = MINISTRY) -> None:
    """*data* is judged and must be recorded."""
    judgement = story.when(at, source, data)
    assert isinstance(judgement, Recorded), judgement


def refusal(story: Story[Cycle], at: str, data: EventData, source: str = MINISTRY) -> Refused:
    """*data* is judged and must be refused; the refusal."""
    judgement = story.when(at, source, data)
    assert isinstance(judgement, Refused), judgement
    return judgement


def code_of(judgement: Judgement) -> Code | None:
    """The refusal's code, ``None`` when the event was recorded."""
    return judgement.code if isinstance(judgement, Refused) else None
