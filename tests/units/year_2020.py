"""
The seed year 2020 of the seven border provinces, as data.

Group sums, totals and ranks are those of the worked example; the figures of the single criteria
are chosen to give them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from thidua.contracts import units as u
from thidua.contracts.base import Deadline, Share
from thidua.contracts.rulebook import (
    Council,
    Criterion,
    Deadlines,
    Ladder,
    Question,
    Requirements,
    ScoringTable,
    TieRule,
    Title,
    VotingRules,
    WorkingDays,
)

AUTHORITY: Final = "BVHTTDL"
MINISTRY: Final = "/authorities/BVHTTDL"
CLUSTER: Final = "BGPB"
CYCLE: Final = "BVHTTDL/BGPB/2020"
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

CODES: Final = (
    *("I.1", "I.2", "I.3", "I.4", "I.5", "II"),
    *("III.1", "III.2", "III.3", "IV.1", "IV.2", "IV.3"),
)
MAXIMA: Final = dict(
    zip(CODES, ("10", "20", "12", "12", "6", "15", "5", "5", "5", "4", "3", "3"), strict=True)
)
NAMES_OF_CRITERIA: Final = dict(
    zip(
        CODES,
        (
            "Quản lý nhà nước",
            "Văn hóa, di sản, thư viện, gia đình",
            "Thể dục thể thao",
            "Du lịch",
            "Cải cách hành chính, công nghệ thông tin",
            "Chấp hành chủ trương, đoàn kết nội bộ",
            "Đăng ký, giao ước, phong trào",
            "Điển hình tiên tiến",
            "Báo cáo đúng hạn",
            "Tham dự hoạt động Cụm",
            "Đóng góp cho Cụm",
            "Kiểm tra chéo",
        ),
        strict=True,
    )
)

SELF: Final = {
    "LCA": ("10", "19.5", "12", "11.5", "6", "15", "5", "5", "5", "4", "3", "2"),
    "LCH": ("10", "19", "12", "11.5", "6", "15", "5", "4.5", "5", "4", "3", "2.5"),
    "LSN": ("10", "19", "12", "11", "6", "14.5", "5", "5", "5", "4", "3", "2"),
    "SLA": ("10", "19", "12", "11", "6", "14.5", "5", "4.5", "5", "4", "3", "2"),
    "HGI": ("10", "18.5", "12", "11", "6", "14.5", "5", "4.5", "5", "4", "3", "2"),
    "DBN": ("10", "18.5", "11.5", "11", "6", "14.5", "5", "4.5", "5", "4", "3", "2"),
    "CBG": ("10", "18.5", "11.5", "11", "6", "14", "5", "4.5", "5", "4", "3", "2"),
}
CHANGES: Final = {
    "LCA": {"I.2": "18.5"},
    "LCH": {"I.4": "10.5"},
    "LSN": {"I.3": "11.5"},
    "SLA": {"III.3": "4.5"},
    "HGI": {"I.2": "18"},
    "DBN": {"III.3": "4.5"},
    "CBG": {"I.4": "10.5"},
}
ADJUSTMENTS: Final = (
    ("LCA", "thuong-1", "bonus", "1.5"),
    ("LCH", "thuong-1", "bonus", "2"),
    ("LSN", "thuong-1", "bonus", "1"),
    ("SLA", "thuong-1", "bonus", "1"),
    ("SLA", "tru-1", "minus", "0.5"),
    ("HGI", "thuong-1", "bonus", "1"),
    ("DBN", "thuong-1", "bonus", "0.5"),
    ("CBG", "thuong-1", "bonus", "0.5"),
    ("CBG", "tru-1", "minus", "1"),
)
REGISTERED: Final = {
    "LCA": "2020-03-12 08:00",
    "LCH": "2020-03-12 09:30",
    "LSN": "2020-03-16 14:00",
    "SLA": "2020-03-17 10:00",
    "HGI": "2020-03-18 15:20",
    "CBG": "2020-03-23 16:45",
    "DBN": "2020-03-24 23:50",
}
REPORTED: Final = {
    "LCA": "2020-10-26 09:00",
    "LCH": "2020-10-27 09:00",
    "LSN": "2020-10-28 10:00",
    "HGI": "2020-10-29 11:00",
    "CBG": "2020-10-30 16:00",
    "DBN": "2020-10-31 08:30",
    "SLA": "2020-11-01 19:00",
}
TEAMS: Final = (
    u.Team(
        team="doan-1",
        lead="LCH",
        members=("LCH", "DBN", "SLA", "LCA"),
        checks=("HGI", "CBG", "LSN"),
    ),
    u.Team(
        team="doan-2",
        lead="HGI",
        members=("HGI", "CBG", "LSN"),
        checks=("LCH", "DBN", "SLA", "LCA"),
    ),
)


def ladder() -> Ladder:
    """On time 5; 1-2 days late 4.5; 3-5 days 4; 6-10 days 2.5; later 0."""
    steps = ((0, "5"), (2, "4.5"), (5, "4"), (10, "2.5"))
    return Ladder(
        report="yearly",
        steps=tuple(Ladder.Step(days=days, points=Decimal(points)) for days, points in steps),
        beyond=Decimal(0),
    )


def criterion(code: str, maximum: str, **more: object) -> Criterion:
    """A line of a scoring table in the group of its first numeral."""
    given: dict[str, object] = {
        "code": code,
        "group": code.split(".", maxsplit=1)[0],
        "name_vi": NAMES_OF_CRITERIA.get(code, code),
        "maximum": Decimal(maximum),
    }
    return Criterion.model_validate({**given, **more})


def table(**changed: object) -> ScoringTable:
    """The table of 2020, with parts *changed*."""
    lines = tuple(
        criterion(
            code, MAXIMA[code], ladder=ladder() if code == "III.3" else None, evidence=code == "I.5"
        )
        for code in CODES
    )
    given: dict[str, object] = {
        "total": Decimal(100),
        "step": Decimal("0.5"),
        "bonus_cap": Decimal(5),
        "criteria": lines,
    }
    return ScoringTable.model_validate({**given, **changed})


TIES: Final = (
    TieRule(by="base"),
    TieRule(by="group", group="I"),
    TieRule(by="minus"),
    TieRule(by="women-share"),
    TieRule(by="report-date"),
    TieRule(by="conference"),
)


def voting() -> VotingRules:
    """Quorum 5 of 7; flags need two thirds of all members, the rest more than half."""
    half = Share(num=1, den=2, op="more-than")
    questions = (
        Question(
            about="co-bo",
            form="choose",
            threshold=Share(num=2, den=3),
            base="members",
            places=3,
        ),
        Question(about="bang-khen-bo", form="agree", threshold=half, base="members"),
        Question(about="chair", form="agree", threshold=half, base="members", places=1),
        Question(about="deputy", form="agree", threshold=half, base="members", places=1),
    )
    return VotingRules(
        quorum=Share(num=2, den=3),
        self_vote=True,
        written_opinions=True,
        suspended_vote=True,
        questions=questions,
    )


def rulebook(version: int = 1, **changed: object) -> u.RulebookAdopted:
    """The cluster's rulebook of 2020, with parts *changed*."""
    given: dict[str, object] = {
        "version": version,
        "adopted_on": date(2020, 3, 20),
        "basis": "Quy chế hoạt động của Cụm năm 2020",
        "scoring": table(),
        "ties": TIES,
        "voting": voting(),
        "requirements": Requirements(),
    }
    return u.RulebookAdopted.model_validate({**given, **changed})


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


def regulation(year: int = 2020, **changed: object) -> u.RegulationIssued:
    """The ministry's rules of the year (TT 07/2019/TT-BVHTTDL), with parts *changed*."""
    given: dict[str, object] = {
        "year": year,
        "basis": "TT 07/2019/TT-BVHTTDL",
        "deadlines": Deadlines(
            registration=Deadline(date=date(year, 3, 25), kind="before"),
            pledge_sent=Deadline(date=date(year, 3, 30), kind="before"),
            yearly_report=Deadline(date=date(year, 10, 31), kind="before"),
            cluster_report=Deadline(date=date(year, 12, 5), kind="before"),
            dossier=Deadline(date=date(year, 12, 5), kind="before", counts="sent"),
        ),
        "titles": titles(),
        "working_days": WorkingDays(
            return_within=3,
            complete_within=5,
            appraise_within=25,
            decide_within=7,
            notify_within=10,
        ),
        "council": Council(
            members=24,
            quorum=Share(num=1, den=2, op="more-than"),
            threshold=Share(num=1, den=2, op="more-than"),
        ),
        "acting": "elected",
        "suspended": "considered",
        "reward_step": 10_000,
    }
    return u.RegulationIssued.model_validate({**given, **changed})


def unit(code: str, name: str, since: date = date(2008, 3, 1)) -> u.UnitRegistered:
    """A department of culture, sports and tourism as it enters the registry."""
    return u.UnitRegistered(
        unit=code,
        name_vi=f"Sở Văn hóa, Thể thao và Du lịch tỉnh {name}",
        short_vi=f"Sở VHTTDL {name}",
        kind="culture-sports-tourism",
        province=code,
        valid_from=since,
        basis="NĐ 13/2008/NĐ-CP",
    )


def participation(code: str, women: str | None = None) -> u.ParticipationRegistered:
    """A registration that aims at the ministry's flag."""
    aims = (u.Aim(title="co-bo"), u.Aim(title="cstd-co-so", who="individual", number=4))
    share = None if women is None else Decimal(women)
    return u.ParticipationRegistered(unit=code, aims=aims, women_percent=share)


def sheet(code: str, **changed: str) -> u.ScoreSheetSubmitted:
    """A unit's self-score of 2020; *changed* criteria are written with ``_`` for the dot."""
    points = dict(zip(CODES, SELF[code], strict=True))
    points |= {name.replace("_", "."): given for name, given in changed.items()}
    marks = tuple(
        u.Mark(
            criterion=line,
            points=Decimal(given),
            note="Theo báo cáo năm" if line == "I.5" else None,
        )
        for line, given in points.items()
    )
    return u.ScoreSheetSubmitted(unit=code, rulebook=1, marks=marks)


def finding(line: str, points: str, reason: str | None = "Minh chứng chưa đủ") -> u.Finding:
    """Verified points of one criterion."""
    return u.Finding(criterion=line, points=Decimal(points), reason=reason)


def check(code: str, *findings: u.Finding) -> u.CrossCheckRecorded:
    """A unit's cross-check of 2020, or one with *findings* of its own."""
    changes = findings or tuple(finding(line, points) for line, points in CHANGES[code].items())
    return u.CrossCheckRecorded(unit=code, team=team_of(code), findings=changes)


def team_of(code: str) -> str:
    """The team that checks a unit."""
    return next(team.team for team in TEAMS if code in team.checks)


def lead_of(code: str) -> str:
    """Who publishes the cross-check of a unit: the lead of its team."""
    return next(f"/units/{team.lead}" for team in TEAMS if code in team.checks)


def adjustment(code: str, name: str, kind: str, points: str) -> u.PointsAdjusted:
    """Bonus or minus points."""
    return u.PointsAdjusted.model_validate(
        {
            "unit": code,
            "adjustment": name,
            "kind": kind,
            "points": Decimal(points),
            "reason": "Theo bảng chấm điểm",
        }
    )
