"""Events judged by the units service: the registry, the year's frame, reports, scores and the ranking."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from thidua.contracts.base import (
    Code,
    Commitment,
    Count,
    CriterionCode,
    CycleSubject,
    EventData,
    Evidence,
    Kid,
    LegalBasis,
    Name,
    Points,
    Reason,
    Role,
    Scope,
    Sha256,
    Slug,
    Source,
    Text,
    Value,
    Year,
)
from thidua.contracts.rulebook import (
    Council,
    Deadlines,
    Requirements,
    Rule,
    ScoringTable,
    TieRule,
    Title,
    VotingRules,
    WorkingDays,
)

Algorithm = Literal["ES256", "EdDSA", "RS256", "PS256"]
Spki = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{40,1200}$")]
Proof = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{60,1200}$")]
ErasureGround = Literal["request", "purpose-fulfilled", "retention-over", "decision", "agreement"]
"""On request, its purpose fulfilled, its retention over, by decision of an authority, by agreement."""
Salary = Annotated[int, Field(ge=1, le=10**10)]


class RegistryEvent(EventData):
    """An event of the registry; its subject is the authority's code."""

    SCOPE: ClassVar[Scope] = Scope.REGISTRY


class LogOpened(RegistryEvent):
    """Position 1 of every log: its origin, format and the root key a verifier is given from outside."""

    TYPE: ClassVar[str] = "thidua.units.log-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]{2,120}$")]
    format: Literal[1]
    partition: Slug
    sandbox: bool
    root_kid: Kid
    root_alg: Algorithm
    root_spki: Spki


class LogRestored(RegistryEvent):
    """First entry after a loss: up to which position the log was rebuilt, and why."""

    TYPE: ClassVar[str] = "thidua.units.log-restored.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    position: Annotated[int, Field(ge=1)]
    reason: Reason


class JudgeActivated(RegistryEvent):
    """From here on *service* is judged by *version*; older versions stay callable for what stands before."""

    TYPE: ClassVar[str] = "thidua.units.judge-activated.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    service: Slug
    version: Annotated[int, Field(ge=1)]


class ClockAdvanced(RegistryEvent):
    """Sandbox only: moves the log's clock so that what is due by then happens."""

    TYPE: ClassVar[str] = "thidua.units.clock-advanced.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    to: datetime


class AuthorityEstablished(RegistryEvent):
    """An authority that runs clusters (the ministry); further ones are established by the genesis authority."""

    TYPE: ClassVar[str] = "thidua.units.authority-established.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    authority: Code
    name_vi: Name
    name_en: Name | None = None

    def touches(self, subject: str) -> tuple[str, ...]:
        """The new authority's own registry, which learns whose log it stands in."""
        return () if self.authority == subject else (self.authority,)


class CalendarPublished(RegistryEvent):
    """The public holidays of one year; working days are all others from Monday to Friday."""

    TYPE: ClassVar[str] = "thidua.units.calendar-published.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    year: Year
    holidays: tuple[date, ...]
    basis: LegalBasis | None = None


class BaseSalarySet(RegistryEvent):
    """The statutory base salary in đồng from a date on (*lương cơ sở*)."""

    TYPE: ClassVar[str] = "thidua.units.base-salary-set.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    amount: Salary
    valid_from: date
    basis: LegalBasis


class RegulationIssued(RegistryEvent):
    """
    The authority's rules for one year, issued before it: deadlines, titles, clocks, council.

    ``acting``: who acts as chair of a cycle between election and recognition: the ``elected``
    unit, or the chair of the year before (``outgoing``). ``reward_step``: rewards are rounded up
    to a multiple of it. ``suspended``: a unit under inspection is ``not-considered`` (NĐ 152/2025
    Art 4) or ``considered``.
    """

    TYPE: ClassVar[str] = "thidua.units.regulation-issued.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    year: Year
    basis: LegalBasis
    deadlines: Deadlines
    titles: Annotated[tuple[Title, ...], Field(min_length=1)]
    working_days: WorkingDays
    council: Council
    acting: Literal["elected", "outgoing"]
    suspended: Literal["not-considered", "considered"]
    reward_step: Annotated[int, Field(ge=1, le=10**7)]


class UnitRegistered(RegistryEvent):
    """A department enters the registry. Its code is used once, ever; a name may return, an identity never."""

    TYPE: ClassVar[str] = "thidua.units.unit-registered.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    name_vi: Name
    short_vi: Name
    name_en: Name | None = None
    kind: Literal["culture-sports-tourism", "culture-sports", "tourism", "other"]
    province: Code
    valid_from: date
    basis: LegalBasis


class UnitRenamed(RegistryEvent):
    """A department is called otherwise from a date on; it stays the same unit."""

    TYPE: ClassVar[str] = "thidua.units.unit-renamed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    name_vi: Name
    short_vi: Name
    name_en: Name | None = None
    valid_from: date
    basis: LegalBasis


class UnitMerged(RegistryEvent):
    """Units end and go over into another, registered before; their memberships end on the same day."""

    TYPE: ClassVar[str] = "thidua.units.unit-merged.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    units: Annotated[tuple[Code, ...], Field(min_length=1)]
    into: Code
    on: date
    basis: LegalBasis


class UnitSplit(RegistryEvent):
    """A unit gives birth to others, registered before; it ends on that day unless it *continues*."""

    TYPE: ClassVar[str] = "thidua.units.unit-split.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    into: Annotated[tuple[Code, ...], Field(min_length=1)]
    continues: bool
    on: date
    basis: LegalBasis


class UnitDissolved(RegistryEvent):
    """A unit ends without a successor; *receiving* takes over its tasks and its history, if any does."""

    TYPE: ClassVar[str] = "thidua.units.unit-dissolved.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    receiving: Code | None = None
    on: date
    basis: LegalBasis


class KeyRegistered(RegistryEvent):
    """A public key of a unit, an authority or a service, with the new key's proof of possession."""

    TYPE: ClassVar[str] = "thidua.units.key-registered.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    kid: Kid
    owner: Source
    alg: Algorithm
    spki: Spki
    proof: Proof


class KeyHead(Value):
    """Where a key's chain with one service ended: its last ``seq`` and event hash."""

    service: Slug
    seq: Annotated[int, Field(ge=0)]
    hash: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class KeyRotated(RegistryEvent):
    """The owner replaces a key by another; signed by the key that goes, proven by the one that comes."""

    TYPE: ClassVar[str] = "thidua.units.key-rotated.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.OWNER,)
    kid: Kid
    new_kid: Kid
    alg: Algorithm
    spki: Spki
    proof: Proof
    heads: tuple[KeyHead, ...] = ()


class KeyRevoked(RegistryEvent):
    """A key ends; *suspect_from* marks earlier entries for review and erases none."""

    TYPE: ClassVar[str] = "thidua.units.key-revoked.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY, Role.OWNER)
    kid: Kid
    reason: Reason
    suspect_from: date | None = None
    heads: tuple[KeyHead, ...] = ()


class DelegateAppointed(RegistryEvent):
    """A unit names who represents it, by role and commitment."""

    TYPE: ClassVar[str] = "thidua.units.delegate-appointed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.OWNER,)
    unit: Code
    delegate: Slug
    role_vi: Name
    commitment: Commitment
    valid_from: date
    valid_to: date | None = None


class PersonalDataErased(RegistryEvent):
    """
    What a commitment of *unit* was made of is deleted; the commitment stays and can be opened no more.

    *cycle* names the cycle in which it stands, for a member of a counting board; a delegate's stands in
    the registry. *ground* is why (Luật 91/2025/QH15 Điều 14), a word and no text, since a text may name somebody.
    """

    TYPE: ClassVar[str] = "thidua.units.personal-data-erased.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY, Role.OWNER)
    unit: Code
    commitment: Commitment
    cycle: CycleSubject | None = None
    ground: ErasureGround
    basis: LegalBasis


class AccessGranted(RegistryEvent):
    """
    A unit's system may publish straight into Redis, on the unit's own stream ``in:<unit>``.

    The operator opens it with ``thidua access grant``; the door drains the stream from this entry on.
    """

    TYPE: ClassVar[str] = "thidua.units.access-granted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    basis: LegalBasis


class AccessRevoked(RegistryEvent):
    """From this entry on the unit's own stream is drained no more; the door's other ways stay open to it."""

    TYPE: ClassVar[str] = "thidua.units.access-revoked.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    reason: Reason


class ClusterFormed(RegistryEvent):
    """An emulation cluster (*cụm thi đua*); its identity is authority, code and year, never the list of provinces."""

    TYPE: ClassVar[str] = "thidua.units.cluster-formed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    cluster: Code
    name_vi: Name
    name_en: Name | None = None
    valid_from: date
    basis: LegalBasis


class MembershipStarted(RegistryEvent):
    """A unit belongs to a cluster from a day on."""

    TYPE: ClassVar[str] = "thidua.units.membership-started.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    cluster: Code
    unit: Code
    valid_from: date
    basis: LegalBasis


class MembershipEnded(RegistryEvent):
    """A unit leaves a cluster; *last_day* is its last day as a member."""

    TYPE: ClassVar[str] = "thidua.units.membership-ended.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    cluster: Code
    unit: Code
    last_day: date
    basis: LegalBasis


class CycleOpened(EventData):
    """The cluster's year begins to be kept in the log (it may be opened in the year before)."""

    TYPE: ClassVar[str] = "thidua.units.cycle-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    basis: LegalBasis | None = None


class CycleClosed(EventData):
    """The cluster's year is finished; only corrections of awards and officers may follow."""

    TYPE: ClassVar[str] = "thidua.units.cycle-closed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    reason: Reason | None = None


class RulebookAdopted(EventData):
    """
    The cluster's rules and scoring table for the year, adopted by the members.

    A later version replaces an earlier one until score sheets are in; what is open keeps the version it was opened under.
    """

    TYPE: ClassVar[str] = "thidua.units.rulebook-adopted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    version: Annotated[int, Field(ge=1)]
    adopted_on: date
    basis: LegalBasis
    scoring: ScoringTable
    ties: tuple[TieRule, ...]
    voting: VotingRules
    requirements: Requirements


class ExceptionGranted(EventData):
    """A reasoned exception from one rule for one unit."""

    TYPE: ClassVar[str] = "thidua.units.exception-granted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    rule: Rule
    reason: Reason
    basis: LegalBasis | None = None


class UnitSuspended(EventData):
    """A unit is under inspection or the like: not considered for now (*chưa xét*), not rejected."""

    TYPE: ClassVar[str] = "thidua.units.unit-suspended.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    reason: Reason
    basis: LegalBasis


class SuspensionLifted(EventData):
    """The unit is cleared; it may be considered again."""

    TYPE: ClassVar[str] = "thidua.units.suspension-lifted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    reason: Reason
    basis: LegalBasis


class Aim(Value):
    """A title the unit competes for, for itself or for *who* in it."""

    title: Slug
    who: Literal["unit", "division", "individual"] = "unit"
    number: Annotated[int, Field(ge=1, le=10_000)] = 1


class ParticipationRegistered(EventData):
    """A unit registers for the year's emulation; without it no title (TT 07/2019 Art 3(1)b)."""

    TYPE: ClassVar[str] = "thidua.units.participation-registered.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    aims: Annotated[tuple[Aim, ...], Field(min_length=1)]
    goals: tuple[Text, ...] = ()
    women_percent: Points | None = None


class ReportSubmitted(EventData):
    """A unit's half-year or yearly report; a later one of the same kind replaces it until scores are cross-checked."""

    TYPE: ClassVar[str] = "thidua.units.report-submitted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    kind: Literal["half-year", "yearly"]
    summary: Text | None = None
    figures: dict[Slug, Points] = {}
    evidence: tuple[Evidence, ...] = ()


class ReportWithdrawn(EventData):
    """A unit takes its report back before it is cross-checked; days late count anew."""

    TYPE: ClassVar[str] = "thidua.units.report-withdrawn.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    kind: Literal["half-year", "yearly"]
    reason: Reason


class EvidenceStored(EventData):
    """
    The evidence store holds this file for *unit*; only this event makes it count as present.

    Said by the store alone, with the door's key, once the file is whole and clean. ``name`` tells the
    kind of file and no more: what its owner called it stays beside the log, where it can be erased.
    """

    TYPE: ClassVar[str] = "thidua.units.evidence-stored.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    unit: Code
    evidence: Evidence


class Mark(Value):
    """Points given on one criterion; *value* is the measured figure where bands decide."""

    criterion: CriterionCode
    points: Points
    value: Points | None = None
    note: Text | None = None
    evidence: tuple[Sha256, ...] = ()


class ScoreSheetSubmitted(EventData):
    """A unit's self-score on every criterion of the table."""

    TYPE: ClassVar[str] = "thidua.units.score-sheet-submitted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    rulebook: Annotated[int, Field(ge=1)]
    marks: Annotated[tuple[Mark, ...], Field(min_length=1)]


class Team(Value):
    """A cross-check team: its members and the units it checks (the other group's)."""

    team: Slug
    lead: Code
    members: Annotated[tuple[Code, ...], Field(min_length=1)]
    checks: Annotated[tuple[Code, ...], Field(min_length=1)]


class CrossCheckPlanned(EventData):
    """Who checks whom, where and when; no unit checks itself."""

    TYPE: ClassVar[str] = "thidua.units.cross-check-planned.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    teams: Annotated[tuple[Team, ...], Field(min_length=1)]
    starts: date
    ends: date
    place: Name | None = None


class Finding(Value):
    """Verified points on one criterion; a change of the self-score needs a reason."""

    criterion: CriterionCode
    points: Points
    value: Points | None = None
    reason: Reason | None = None


class CrossCheckRecorded(EventData):
    """
    A team's verified points for one unit, published by a member of that team.

    Criteria not named keep the self-score.
    """

    TYPE: ClassVar[str] = "thidua.units.cross-check-recorded.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TEAM,)
    unit: Code
    team: Slug
    findings: tuple[Finding, ...]


class PointsAdjusted(EventData):
    """Bonus or minus points for a unit with their ground, given by the cluster's secretariat."""

    TYPE: ClassVar[str] = "thidua.units.points-adjusted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    unit: Code
    adjustment: Slug
    kind: Literal["bonus", "minus"]
    points: Points
    reason: Reason
    evidence: tuple[Sha256, ...] = ()


class ScoreProtested(EventData):
    """A unit protests against its verified points on one criterion."""

    TYPE: ClassVar[str] = "thidua.units.score-protested.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    protest: Slug
    criterion: CriterionCode
    claimed: Points
    reason: Reason


class ProtestResolved(EventData):
    """The answer to a protest; *upheld* sets the points of the criterion."""

    TYPE: ClassVar[str] = "thidua.units.protest-resolved.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    unit: Code
    protest: Slug
    outcome: Literal["upheld", "rejected"]
    points: Points | None = None
    reason: Reason


class ScoringClosed(EventData):
    """The secretariat closes scoring; the ranking follows from what stands in the log."""

    TYPE: ClassVar[str] = "thidua.units.scoring-closed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    note: Text | None = None


class Standing(Value):
    """
    One line of the ranking: total = base + bonus - minus.

    ``rank`` follows the whole tie-break list and is equal only where all of it is; ``tie``
    names the step that separated the unit from the one before it.
    """

    unit: Code
    self_score: Points
    base: Points
    bonus: Points
    minus: Points
    total: Points
    rank: Annotated[int, Field(ge=1)]
    groups: dict[CriterionCode, Points]
    tie: (
        Literal["base", "group", "minus", "women-share", "report-date", "conference", "equal"]
        | None
    ) = None


class RankingConsolidated(EventData):
    """The ranking, computed by the units service; a correction makes a new version."""

    TYPE: ClassVar[str] = "thidua.units.ranking-consolidated.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    version: Annotated[int, Field(ge=1)]
    rulebook: Annotated[int, Field(ge=1)]
    rows: tuple[Standing, ...]
    left_out: tuple[Code, ...] = ()


class ScoreCorrected(EventData):
    """After the ranking: verified points of one criterion are set anew, with reason and reference."""

    TYPE: ClassVar[str] = "thidua.units.score-corrected.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    unit: Code
    criterion: CriterionCode
    points: Points
    reason: Reason
    reference: LegalBasis


class MidYearReviewHeld(EventData):
    """The half-year review conference was held."""

    TYPE: ClassVar[str] = "thidua.units.mid-year-review-held.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    held_on: date
    place: Name
    present: Annotated[tuple[Code, ...], Field(min_length=1)]
    reports: Count
    document: Sha256 | None = None


UnitsEvent = (
    LogOpened
    | LogRestored
    | JudgeActivated
    | ClockAdvanced
    | AuthorityEstablished
    | CalendarPublished
    | BaseSalarySet
    | RegulationIssued
    | UnitRegistered
    | UnitRenamed
    | UnitMerged
    | UnitSplit
    | UnitDissolved
    | KeyRegistered
    | KeyRotated
    | KeyRevoked
    | DelegateAppointed
    | PersonalDataErased
    | AccessGranted
    | AccessRevoked
    | ClusterFormed
    | MembershipStarted
    | MembershipEnded
    | CycleOpened
    | CycleClosed
    | RulebookAdopted
    | ExceptionGranted
    | UnitSuspended
    | SuspensionLifted
    | ParticipationRegistered
    | ReportSubmitted
    | ReportWithdrawn
    | EvidenceStored
    | ScoreSheetSubmitted
    | CrossCheckPlanned
    | CrossCheckRecorded
    | PointsAdjusted
    | ScoreProtested
    | ProtestResolved
    | ScoringClosed
    | RankingConsolidated
    | ScoreCorrected
    | MidYearReviewHeld
)
