"""
The rules of a year as data: the authority's regulation and the cluster's rulebook.

Nothing here is a constant of the code: quorum, thresholds, quotas, deadlines, scoring,
ties and rounding are members of two events, ``regulation-issued`` and ``rulebook-adopted``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from thidua.contracts.base import CriterionCode, Deadline, Name, Points, Share, Slug, Value


class Title(Value):
    """
    A title or commendation the conference may propose to the authority.

    Reward = ``multiple`` × base salary on the decision's date × ``factor`` (collectives get
    twice for certificates), rounded up to ``Regulation.reward_step`` (NĐ 91/2017 Arts 68-73).
    ``excludes`` lists titles that one unit may not hold beside this one in the same year
    (TT 12/2019/TT-BNV Art 8(3)). ``state_level`` titles are suggested with
    ``state-title-proposed`` and never balloted.
    """

    code: Slug
    name_vi: Name
    name_en: Name
    kind: Literal["title", "commendation"]
    multiple: Points
    factor: Annotated[int, Field(ge=1, le=10)] = 1
    quota: Annotated[int, Field(ge=0, le=1000)] | None = None
    excludes: tuple[Slug, ...] = ()
    state_level: bool = False


class WorkingDays(Value):
    """Clocks of the dossier in working days; the first day is not counted."""

    return_within: Annotated[int, Field(ge=0, le=365)]
    complete_within: Annotated[int, Field(ge=0, le=365)]
    appraise_within: Annotated[int, Field(ge=0, le=365)]
    decide_within: Annotated[int, Field(ge=0, le=365)]
    notify_within: Annotated[int, Field(ge=0, le=365)]


class Council(Value):
    """The authority's council: its size, the share of all its members a proposal needs, and what a tie means."""

    members: Annotated[int, Field(ge=1, le=1000)]
    quorum: Share
    threshold: Share
    tie: Literal["chair-decides", "fails"] = "chair-decides"


class Deadlines(Value):
    """The dates of one year; a missing one sets no limit."""

    registration: Deadline | None = None
    pledge_sent: Deadline | None = None
    half_year_report: Deadline | None = None
    yearly_report: Deadline | None = None
    cluster_report: Deadline | None = None
    dossier: Deadline | None = None


class Ladder(Value):
    """
    Lateness ladder: days late of a report → points.

    The first step whose ``days`` is not less than the days late gives the points;
    later than all of them gives ``beyond``. On time is 0 days late.
    """

    class Step(Value):
        """Up to *days* late: *points*."""

        days: Annotated[int, Field(ge=0, le=366)]
        points: Points

    report: Literal["half-year", "yearly"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    beyond: Points


class Band(Value):
    """One percentage band: a measured value from *low* to *high* gives *points*; each end says whether it belongs."""

    low: Points
    low_belongs: bool
    high: Points
    high_belongs: bool
    points: Points


class Criterion(Value):
    """One line of the scoring table. ``ladder`` or ``bands`` fix its points; otherwise they are judged by people."""

    code: CriterionCode
    group: CriterionCode
    name_vi: Name
    maximum: Points
    ladder: Ladder | None = None
    bands: tuple[Band, ...] = ()
    evidence: bool = False


class ScoringTable(Value):
    """
    The scoring table the members agreed (TT 07/2019 Art 9(2)).

    ``total`` is what all maxima must add up to; a unit's total may exceed it by the bonus.
    ``step`` is the least difference between two scores; ``bonus_cap`` bounds the bonus counted.
    """

    total: Points
    step: Points
    bonus_cap: Points | None = None
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @cached_property
    def lines(self) -> Mapping[str, Criterion]:
        """The criteria that are scored, by code in the table's order; headings are none of them."""
        headings = {parent for criterion in self.criteria for parent in parents(criterion.code)}
        return {line.code: line for line in self.criteria if line.code not in headings}


def parents(code: str) -> tuple[str, ...]:
    """The codes above *code*: ``I`` and ``I.4`` above ``I.4.2``."""
    parts = code.split(".")
    return tuple(".".join(parts[:depth]) for depth in range(1, len(parts)))


TieStep = Literal["base", "group", "minus", "women-share", "report-date", "conference"]


class TieRule(Value):
    """One step of the tie-break list; ``group`` names its criterion group."""

    by: TieStep
    group: CriterionCode | None = None


class Question(Value):
    """
    How one matter is voted: a title's code, ``chair`` or ``deputy``.

    ``form`` ``choose`` marks at most ``places`` names; ``agree`` marks yes/no for each nominee.
    ``base`` is what the threshold is a share of: all members, members present (and those whose
    written opinion counts), or valid ballots. More passing than ``places`` → the highest; a tie
    across the last place → one re-vote among the tied, then the ranking (``tie``); too few pass →
    a second round with twice as many of the best as there are free places; the place stays empty
    after ``rounds`` rounds.
    """

    about: Slug
    form: Literal["choose", "agree"]
    threshold: Share
    base: Literal["members", "present", "valid"]
    places: Annotated[int, Field(ge=1, le=1000)] | None = None
    rounds: Annotated[int, Field(ge=1, le=5)] = 2
    tie: Literal["ranking", "empty"] = "ranking"
    repeat: Literal["last", "first"] = "last"


class VotingRules(Value):
    """
    Conference and ballots: quorum as a share of all members, questions, and what is allowed.

    ``suspended_vote``: whether a unit under inspection keeps its vote. ``extensions``: how often
    a ballot's closing may be put off.
    """

    quorum: Share
    self_vote: bool
    written_opinions: bool
    suspended_vote: bool
    board_size: Annotated[int, Field(ge=1, le=99)] = 3
    extensions: Annotated[int, Field(ge=0, le=10)] = 1
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Requirements(Value):
    """What a unit must show to be considered for a title; each may be lifted by ``exception-granted``."""

    registration: bool = True
    pledge: bool = True
    ranking: bool = True
    not_suspended: bool = True
    minimum_total: Points | None = None
    minimum_months: Annotated[int, Field(ge=0, le=120)] | None = None


Rule = Literal[
    "registration", "pledge", "ranking", "not-suspended", "minimum-total", "minimum-months"
]
"""Names of the eligibility rules, as they stand in ``exception-granted`` and ``eligibility-determined``."""
