"""Events judged by the ballots service: officers, the conference, ballots, the dossier and the authority's decisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from thidua.contracts.base import (
    Code,
    Commitment,
    Count,
    EventData,
    LegalBasis,
    Moment,
    Name,
    Reason,
    Role,
    Sha256,
    Share,
    Slug,
    Text,
    Value,
    Year,
    next_year,
)
from thidua.contracts.rulebook import Rule
from thidua.contracts.secret_ballots import SecretBallotsEvent

Office = Literal["chair", "deputy"]
Mode = Literal["paper", "roll-call", "secret"]
Answer = Literal["yes", "no", "none"]
Marks = dict[Code, Answer]
"""A voter's answer per nominee; choosing at most k names means marking at most k of them ``yes``."""
CountNumber = Annotated[int, Field(ge=1, le=9)]
Version = Annotated[int, Field(ge=1)]


class OfficerCarriedOver(EventData):
    """An officer of this year elected before the log began, on the authority's word."""

    TYPE: ClassVar[str] = "thidua.ballots.officer-carried-over.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    office: Office
    unit: Code
    elected_on: date
    basis: LegalBasis


class ConferenceConvened(EventData):
    """The chair invites to a conference."""

    TYPE: ClassVar[str] = "thidua.ballots.conference-convened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    conference: Slug
    starts: Moment
    place: Name
    agenda: tuple[Text, ...] = ()


class ConferenceOpened(EventData):
    """The conference begins; the publishing unit presides (the deputy only with the reason the chair is absent)."""

    TYPE: ClassVar[str] = "thidua.ballots.conference-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    conference: Slug
    chair_absent: Reason | None = None


class ConferenceAdjourned(EventData):
    """The conference is put off, as when there is no quorum; it may be opened again."""

    TYPE: ClassVar[str] = "thidua.ballots.conference-adjourned.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING,)
    conference: Slug
    reason: Reason
    resumes: Moment | None = None


class AttendanceRecorded(EventData):
    """Who is in the room, remote or absent; a later list replaces an earlier one."""

    TYPE: ClassVar[str] = "thidua.ballots.attendance-recorded.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING,)
    conference: Slug
    present: tuple[Code, ...]
    remote: tuple[Code, ...] = ()
    absent: tuple[Code, ...] = ()


class BoardMember(Value):
    """A member of the counting board, named by role and commitment, publishing through *unit*."""

    member: Slug
    unit: Code
    head: bool = False
    commitment: Commitment | None = None


class CountingBoardElected(EventData):
    """The conference elects its counting board: odd, with one head, none of a unit that stands for an office."""

    TYPE: ClassVar[str] = "thidua.ballots.counting-board-elected.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING,)
    conference: Slug
    members: Annotated[tuple[BoardMember, ...], Field(min_length=1)]


class ScoresAccepted(EventData):
    """The conference accepts the ranking of this version as the ground of its votes."""

    TYPE: ClassVar[str] = "thidua.ballots.scores-accepted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING,)
    conference: Slug
    ranking: Version


class NominationSubmitted(EventData):
    """A member or the chair names a unit for a title, or for an office of *for_year*."""

    TYPE: ClassVar[str] = "thidua.ballots.nomination-submitted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER, Role.CHAIR, Role.DEPUTY, Role.PRESIDING)
    about: Slug
    nominee: Code
    for_year: Year | None = None
    reason: Reason | None = None


class Finding(Value):
    """One eligibility rule for one unit: whether it holds, the fact, and the event (hash) it rests on."""

    rule: Rule
    holds: bool
    fact: Name
    event: str | None = None


class Eligibility(Value):
    """Whether a unit may be considered for a title, with every rule that was looked at."""

    unit: Code
    title: Slug
    eligible: bool
    findings: tuple[Finding, ...]


class EligibilityDetermined(EventData):
    """Who may be considered for what, and why; follows from ranking, registration, pledge and suspensions."""

    TYPE: ClassVar[str] = "thidua.ballots.eligibility-determined.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    version: Version
    ranking: Version
    rows: tuple[Eligibility, ...]


class BallotOpened(EventData):
    """
    A matter is put to the vote; roll, rules and nominees are frozen here.

    *about* is a title's code, ``chair`` or ``deputy`` (then *for_year* names the year of office).
    Without *conference* it is a written ballot among all members (roll call only).
    *closes* is required for a roll call.
    """

    TYPE: ClassVar[str] = "thidua.ballots.ballot-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING, Role.CHAIR, Role.DEPUTY)
    ballot: Slug
    conference: Slug | None = None
    about: Slug
    mode: Mode
    nominees: Annotated[tuple[Code, ...], Field(min_length=1)]
    for_year: Year | None = None
    closes: Moment | None = None
    previous: Slug | None = None


class RollFrozen(EventData):
    """Who may vote in an opened ballot, how many must take part, and for how many places; fixed at opening."""

    TYPE: ClassVar[str] = "thidua.ballots.roll-frozen.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    rulebook: Version
    roll: tuple[Code, ...]
    quorum: Count
    places: Count
    round: Annotated[int, Field(ge=1)]


class BallotExtended(EventData):
    """The closing time is put off before it has come, as often as the rulebook allows."""

    TYPE: ClassVar[str] = "thidua.ballots.ballot-extended.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING, Role.CHAIR, Role.DEPUTY)
    ballot: Slug
    closes: Moment
    reason: Reason


class BallotVoided(EventData):
    """A ballot is void: by the presiding unit with a reason, or by the service when the quorum is gone at closing."""

    TYPE: ClassVar[str] = "thidua.ballots.ballot-voided.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING, Role.CHAIR, Role.DEPUTY, Role.SERVICE)
    ballot: Slug
    reason: Reason


class VoteCast(EventData):
    """A member's vote by roll call; which one counts when there are several is the question's ``repeat``."""

    TYPE: ClassVar[str] = "thidua.ballots.vote-cast.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    ballot: Slug
    marks: Marks


class VoteCorrected(EventData):
    """A member replaces its own vote before closing, with a reason; the replaced one stays visible."""

    TYPE: ClassVar[str] = "thidua.ballots.vote-corrected.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    ballot: Slug
    marks: Marks
    reason: Reason


class WrittenOpinionReceived(EventData):
    """
    An absent member's written opinion (hash of the scan).

    It counts when it is received before the box is opened or the roll call is closed and the
    rulebook lets written opinions count; later ones are recorded and not counted.
    """

    TYPE: ClassVar[str] = "thidua.ballots.written-opinion-received.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING, Role.CHAIR, Role.DEPUTY, Role.MEMBER)
    ballot: Slug
    member: Code
    document: Sha256
    marks: Marks


class SlipsIssued(EventData):
    """The board hands out slips: how many were prepared, to whom they went, how many were left and destroyed."""

    TYPE: ClassVar[str] = "thidua.ballots.slips-issued.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.BOARD,)
    ballot: Slug
    prepared: Count
    issued_to: tuple[Code, ...]
    unused: Count


class BoxSealed(EventData):
    """The empty box was shown and sealed."""

    TYPE: ClassVar[str] = "thidua.ballots.box-sealed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.BOARD,)
    ballot: Slug


class BoxOpened(EventData):
    """Voting is over and the box is opened; nothing is counted before."""

    TYPE: ClassVar[str] = "thidua.ballots.box-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.BOARD,)
    ballot: Slug


class Answers(Value):
    """How many slips say yes, no, or nothing for one nominee."""

    yes: Count
    no: Count = 0
    none: Count = 0


InvalidReason = Literal[
    "not-issued", "too-many", "off-list", "marked", "unreadable", "blank", "unclear"
]


class CountRecorded(EventData):
    """
    One count of the box by board members.

    Two counts by different members are needed; a difference forces a third. *replaces* names the
    count it corrects. Rules P1-P8 of counting (issued, returned, valid, invalid, marks) are judged.
    """

    TYPE: ClassVar[str] = "thidua.ballots.count-recorded.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.BOARD,)
    ballot: Slug
    count: CountNumber
    counters: Annotated[tuple[Slug, ...], Field(min_length=1)]
    issued: Count
    returned: Count
    valid: Count
    invalid: dict[InvalidReason, Count] = {}
    marks: dict[Code, Answers]
    replaces: CountNumber | None = None


class CountSigned(EventData):
    """A board member signs the count of this number."""

    TYPE: ClassVar[str] = "thidua.ballots.count-signed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.BOARD,)
    ballot: Slug
    count: CountNumber
    member: Slug


class CountDisputed(EventData):
    """A board member will not sign, with the reason."""

    TYPE: ClassVar[str] = "thidua.ballots.count-disputed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.BOARD,)
    ballot: Slug
    count: CountNumber
    member: Slug
    reason: Reason


class BallotClosed(EventData):
    """No vote counts after this; by deadline, because all have voted, or with the signed count."""

    TYPE: ClassVar[str] = "thidua.ballots.ballot-closed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    reason: Literal["deadline", "all-voted", "counted"]


class TallyPublished(EventData):
    """The figures of a closed ballot; ``written`` opinions are part of ``returned`` and ``valid``."""

    TYPE: ClassVar[str] = "thidua.ballots.tally-published.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    mode: Mode
    issued: Count
    returned: Count
    valid: Count
    invalid: dict[InvalidReason, Count] = {}
    written: Count
    marks: dict[Code, Answers]


class RevoteOrdered(EventData):
    """A further round is needed: among whom, for how many places, and why."""

    TYPE: ClassVar[str] = "thidua.ballots.revote-ordered.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    among: Annotated[tuple[Code, ...], Field(min_length=1)]
    places: Count
    round: Annotated[int, Field(ge=2)]
    reason: Literal["tie", "too-few"]


class OutcomeDecided(EventData):
    """
    What the ballot decided, against the rules frozen at its opening.

    ``needed`` is the threshold in votes on ``base``; ``passed`` is in strict order (votes, then
    ranking), at most as many as there are places; ``reached`` are all that met the threshold.
    ``next``: ``done``, a further round, or places left ``empty``.
    """

    TYPE: ClassVar[str] = "thidua.ballots.outcome-decided.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    about: Slug
    rulebook: Version
    round: Annotated[int, Field(ge=1)]
    members: Count
    participants: Count
    quorum: Count
    base_of: Literal["members", "present", "valid"]
    base: Count
    share: Share
    needed: Count
    places: Count
    votes: dict[Code, Count]
    reached: tuple[Code, ...]
    passed: tuple[Code, ...]
    tie_by: Literal["ranking"] | None = None
    next: Literal["done", "revote", "second-round", "empty"]


class ProposalRecorded(EventData):
    """The cluster proposes a unit for a title; only the authority's decision makes it an award."""

    TYPE: ClassVar[str] = "thidua.ballots.proposal-recorded.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    title: Slug
    unit: Code
    order: Annotated[int, Field(ge=1)]
    ballot: Slug
    votes: Count
    against_ranking: bool


class Elected(EventData):
    """An officer is elected for *for_year*; changes that year's cycle too."""

    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    unit: Code
    for_year: Year
    ballot: Slug
    votes: Count

    def touches(self, subject: str) -> tuple[str, ...]:
        """The cycle of the year of office, when it is another."""
        other = next_year(subject, self.for_year)
        return () if other == subject else (other,)


class ChairElected(Elected):
    """The conference elected the chair (*Cụm trưởng*) of a year; the authority has yet to recognise it."""

    TYPE: ClassVar[str] = "thidua.ballots.chair-elected.v1"


class DeputyElected(Elected):
    """The conference elected the deputy (*Cụm phó*) of a year; the authority has yet to recognise it."""

    TYPE: ClassVar[str] = "thidua.ballots.deputy-elected.v1"


class RankingApproved(EventData):
    """The ranking of this version is approved; a corrected one needs approval again."""

    TYPE: ClassVar[str] = "thidua.ballots.ranking-approved.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING, Role.CHAIR, Role.DEPUTY)
    conference: Slug | None = None
    ranking: Version


class Divergence(Value):
    """A proposal that goes against the order of scores: *proposed* came before the better ranked *passed_over*."""

    title: Slug
    proposed: Code
    passed_over: Code


class MinutesIssued(EventData):
    """The minutes (hash of the document); they must state every proposal that goes against the ranking."""

    TYPE: ClassVar[str] = "thidua.ballots.minutes-issued.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING,)
    conference: Slug
    document: Sha256
    divergences: tuple[Divergence, ...] = ()


class ConferenceClosed(EventData):
    """The conference is over; no ballot of it may still be open."""

    TYPE: ClassVar[str] = "thidua.ballots.conference-closed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING,)
    conference: Slug


class ClusterReportSubmitted(EventData):
    """The chair sends the cluster's report and approved ranking to the authority (TT 07/2019 Art 25(1))."""

    TYPE: ClassVar[str] = "thidua.ballots.cluster-report-submitted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    ranking: Version
    document: Sha256


class QuotaSet(EventData):
    """The authority's guidance on how many of a title the cluster may get this year."""

    TYPE: ClassVar[str] = "thidua.ballots.quota-set.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    title: Slug
    quota: Count
    basis: LegalBasis


class StateTitleProposed(EventData):
    """A unit is proposed for a State-level title on the province's route; titles it excludes are closed to it."""

    TYPE: ClassVar[str] = "thidua.ballots.state-title-proposed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER, Role.CHAIR, Role.DEPUTY, Role.AUTHORITY)
    unit: Code
    title: Slug
    basis: LegalBasis


class Document(Value):
    """A paper of the dossier by kind, name and hash."""

    kind: Slug
    name: Name
    sha256: Sha256


class DossierSubmitted(EventData):
    """A unit sends its dossier to the authority; the day of sending is attested by ``dossier-received``."""

    TYPE: ClassVar[str] = "thidua.ballots.dossier-submitted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    titles: Annotated[tuple[Slug, ...], Field(min_length=1)]
    documents: Annotated[tuple[Document, ...], Field(min_length=1)]


class DossierReceived(EventData):
    """The authority has the dossier and attests its postmark; lateness is judged by the day the deadline counts."""

    TYPE: ClassVar[str] = "thidua.ballots.dossier-received.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    postmark: date
    received_on: date


class DossierReturned(EventData):
    """The authority asks for what is missing; the unit has the regulation's working days to complete it."""

    TYPE: ClassVar[str] = "thidua.ballots.dossier-returned.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    missing: Annotated[tuple[Name, ...], Field(min_length=1)]
    reason: Reason


class DossierCompleted(EventData):
    """The unit completes its returned dossier."""

    TYPE: ClassVar[str] = "thidua.ballots.dossier-completed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    documents: Annotated[tuple[Document, ...], Field(min_length=1)]


class DossierAppraised(EventData):
    """The authority's department has examined the dossier."""

    TYPE: ClassVar[str] = "thidua.ballots.dossier-appraised.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    result: Literal["qualified", "not-qualified"]
    reason: Reason | None = None


class CouncilVoted(EventData):
    """The authority's council voted on one title: who was present and how many agree for each unit."""

    TYPE: ClassVar[str] = "thidua.ballots.council-voted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    title: Slug
    held_on: date
    present: Count
    votes: dict[Code, Count]
    chair_agrees: tuple[Code, ...] = ()


class AwardDecided(EventData):
    """
    The authority confers a title; it may differ from what the cluster proposed.

    *reward* in đồng is stated and checked: multiple x base salary on *decided_on* x factor,
    rounded up to the regulation's step.
    """

    TYPE: ClassVar[str] = "thidua.ballots.award-decided.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    award: Slug
    decision: LegalBasis
    decided_on: date
    reward: Annotated[int, Field(ge=0)]


class AwardRefused(EventData):
    """The authority does not follow a proposal."""

    TYPE: ClassVar[str] = "thidua.ballots.award-refused.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    title: Slug
    reason: Reason


class AwardRevoked(EventData):
    """An award is taken back, and its money is to be returned (NĐ 91/2017 Art 78)."""

    TYPE: ClassVar[str] = "thidua.ballots.award-revoked.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    award: Slug
    decision: LegalBasis
    decided_on: date
    reason: Reason


class AwardDowngraded(EventData):
    """An award is replaced by a lesser one."""

    TYPE: ClassVar[str] = "thidua.ballots.award-downgraded.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    unit: Code
    award: Slug
    to: Slug
    decision: LegalBasis
    decided_on: date
    reason: Reason
    reward: Annotated[int, Field(ge=0)]


class ResultNotified(EventData):
    """The authority has told the units of the decisions."""

    TYPE: ClassVar[str] = "thidua.ballots.result-notified.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    units: Annotated[tuple[Code, ...], Field(min_length=1)]
    notified_on: date


class OfficerRecognised(EventData):
    """The authority recognises the elected officer of this year (TT 07/2019 Art 6(2))."""

    TYPE: ClassVar[str] = "thidua.ballots.officer-recognised.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    office: Office
    unit: Code
    decision: LegalBasis
    decided_on: date


class RecognitionRefused(EventData):
    """The authority does not recognise the elected officer; the members elect anew by written ballot."""

    TYPE: ClassVar[str] = "thidua.ballots.recognition-refused.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    office: Office
    unit: Code
    reason: Reason
    decided_on: date


BallotsEvent = (
    OfficerCarriedOver
    | ConferenceConvened
    | ConferenceOpened
    | ConferenceAdjourned
    | AttendanceRecorded
    | CountingBoardElected
    | ScoresAccepted
    | NominationSubmitted
    | EligibilityDetermined
    | BallotOpened
    | RollFrozen
    | BallotExtended
    | BallotVoided
    | VoteCast
    | VoteCorrected
    | WrittenOpinionReceived
    | SlipsIssued
    | BoxSealed
    | BoxOpened
    | CountRecorded
    | CountSigned
    | CountDisputed
    | BallotClosed
    | TallyPublished
    | RevoteOrdered
    | OutcomeDecided
    | ProposalRecorded
    | ChairElected
    | DeputyElected
    | RankingApproved
    | MinutesIssued
    | ConferenceClosed
    | ClusterReportSubmitted
    | QuotaSet
    | StateTitleProposed
    | DossierSubmitted
    | DossierReceived
    | DossierReturned
    | DossierCompleted
    | DossierAppraised
    | CouncilVoted
    | AwardDecided
    | AwardRefused
    | AwardRevoked
    | AwardDowngraded
    | ResultNotified
    | OfficerRecognised
    | RecognitionRefused
    | SecretBallotsEvent
)
