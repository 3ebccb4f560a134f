"""
Events of the secret ballot (*phiếu kín*): its trustees, its credentials, its votes and its count.

Opening, extending, voiding, closing, tally and outcome are those of every ballot (`thidua.contracts.ballots`).
Numbers of the group are decimal strings, as in the ``.bel`` archive; a record is the exact text that stands
in it. No plain choice, randomness, secret credential or private key is a member of any event.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from thidua.contracts.base import Code, Count, EventData, Reason, Role, Sha256, Slug, Value, Year

Record = Annotated[str, StringConstraints(min_length=2, max_length=47_000)]
"""The exact text of a record of the archive: compact JSON, to be kept byte for byte."""
Element = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,616}$")]
"""An element of the group in decimal digits."""
Scalar = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,77})$")]
"""A number modulo the group's order in decimal digits."""
Digest = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}$")]
"""SHA-256 in standard base64 without padding: an election's fingerprint, a vote's tracker."""
Uuid = Annotated[str, StringConstraints(pattern=r"^[1-9A-HJ-NP-Za-km-z]{14}$")]
"""An election's own name: 14 characters of Base58, drawn anew for each."""
Owner = Annotated[int, Field(ge=1, le=100)]
"""A trustee's number: from 1 in the order of the draft, group after group."""


class Proof(Value):
    """A proof of knowledge."""

    challenge: Scalar
    response: Scalar


class Holder(Value):
    """
    Who holds one share of the key: *source* publishes for it.

    *office* says which of its offices, so that two of one source are two shares in two places.
    """

    source: Annotated[
        str, StringConstraints(pattern=r"^/(units|authorities)/[A-Z0-9][A-Z0-9-]{1,15}$")
    ]
    office: Slug


class TrusteeGroup(Value):
    """A group of trustees of which *threshold* are enough; every group must take part."""

    threshold: Annotated[int, Field(ge=1, le=100)]
    holders: Annotated[tuple[Holder, ...], Field(min_length=1, max_length=100)]


class ElectionDrafted(EventData):
    """
    A secret ballot is prepared: what is asked, about whom, and who can open the count.

    Nobody can vote yet; the ballot is opened like every other, and as it was drafted. *form* ``each`` asks agree, disagree or no opinion about every nominee, ``list``
    marks names. With *keys_of* the trustees keep the keys they made for that earlier ballot of the cycle.
    Below *min_ballots* nothing is decrypted. A count not opened within *decrypt_hours* of the closing is void;
    shares are destroyed at the earliest *complaint_days* after the minutes.
    """

    TYPE: ClassVar[str] = "thidua.ballots.election-drafted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.PRESIDING, Role.CHAIR, Role.DEPUTY)
    ballot: Slug
    conference: Slug | None = None
    about: Slug
    nominees: Annotated[tuple[Code, ...], Field(min_length=1)]
    for_year: Year | None = None
    previous: Slug | None = None
    uuid: Uuid
    form: Literal["each", "list"]
    trustees: Annotated[tuple[TrusteeGroup, ...], Field(min_length=1, max_length=10)]
    keys_of: Slug | None = None
    min_ballots: Annotated[int, Field(ge=3, le=1000)]
    decrypt_hours: Annotated[int, Field(ge=1, le=8760)]
    complaint_days: Annotated[int, Field(ge=0, le=3660)]


class TrusteeCommitted(EventData):
    """First round of the key generation: hashes of what the trustee will publish, before any of it is seen."""

    TYPE: ClassVar[str] = "thidua.ballots.trustee-committed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    certificate: Sha256
    coefexps: Sha256


class TrusteePublished(EventData):
    """Second round: certificate and coefficients as committed to, once all of all groups have committed."""

    TYPE: ClassVar[str] = "thidua.ballots.trustee-published.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    certificate: Record
    coefexps: Record


class SealedShare(Value):
    """One member's share, to be opened with the secret of its certificate's encryption key alone."""

    ephemeral: Element
    box: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{64}$")]


class TrusteeSharesSealed(EventData):
    """
    Third round: the trustee approves the certificates of its group and sends every member its share, sealed.

    One for each member in their order, its own included.
    """

    TYPE: ClassVar[str] = "thidua.ballots.trustee-shares-sealed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    approval: Proof
    shares: Annotated[tuple[SealedShare, ...], Field(min_length=1, max_length=100)]


class TrusteeKeyConfirmed(EventData):
    """Last round: the public key of the trustee's share, proven, and signed with its verification key."""

    TYPE: ClassVar[str] = "thidua.ballots.trustee-key-confirmed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    public_key: Element
    proof: Proof
    signature: Proof


class ElectionFixed(EventData):
    """
    All keys are there: the election's exact text and its fingerprint, to which every vote and proof is bound.

    Questions, rule, roll, trustees and the hash of the draft are in the text. *trustees* is the hash of theirs.
    """

    TYPE: ClassVar[str] = "thidua.ballots.election-fixed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    uuid: Uuid
    fingerprint: Digest
    election: Record
    trustees: Sha256


class TrusteeDrillPassed(EventData):
    """The trustee used its share on what is no vote, and confirms the fingerprint that it computed itself."""

    TYPE: ClassVar[str] = "thidua.ballots.trustee-drill-passed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    fingerprint: Digest
    factor: Element
    proof: Proof


class CredentialRegistered(EventData):
    """
    A member registers the public half of the credential that its own client made.

    Another one before the opening withdraws it; afterwards the roll stands.
    """

    TYPE: ClassVar[str] = "thidua.ballots.credential-registered.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    ballot: Slug
    credential: Element
    proof: Proof


class ElectionOpened(EventData):
    """The box is open: how many credentials are in the roll, the hash of its text, and the archive's time in seconds."""

    TYPE: ClassVar[str] = "thidua.ballots.election-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    fingerprint: Digest
    credentials: Sha256
    registered: Count
    timestamp: Annotated[int, Field(ge=0, le=8_589_934_591)]


class SecretVoteCast(EventData):
    """A member's encrypted vote; *sequence* counts its votes in this ballot from 1."""

    TYPE: ClassVar[str] = "thidua.ballots.secret-vote-cast.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    ballot: Slug
    vote: Record
    tracker: Digest
    sequence: Annotated[int, Field(ge=1, le=1000)]


class TrackerChecked(EventData):
    """A member states that its own client read the log, found the member's vote in the box and checked it; it says nothing else."""

    TYPE: ClassVar[str] = "thidua.ballots.tracker-checked.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    ballot: Slug
    tracker: Digest


class TallyEncrypted(EventData):
    """The encrypted sum of the votes that count: what the trustees open, and nothing else."""

    TYPE: ClassVar[str] = "thidua.ballots.tally-encrypted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    counted: Count
    tally: Record


class PartiallyDecrypted(EventData):
    """One trustee's part in opening the sum, with its proofs; at most one of each."""

    TYPE: ClassVar[str] = "thidua.ballots.partially-decrypted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    decryption: Record


class ResultPublished(EventData):
    """The sums that the trustees opened: per question one for each answer, no opinion first where it may be said."""

    TYPE: ClassVar[str] = "thidua.ballots.result-published.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    ballot: Slug
    counted: Count
    result: Annotated[tuple[tuple[Count, ...], ...], Field(min_length=1)]


class KeyShareDestroyed(EventData):
    """The trustee states that its share is gone, so that no single vote can be opened later."""

    TYPE: ClassVar[str] = "thidua.ballots.key-share-destroyed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.TRUSTEE,)
    ballot: Slug
    owner: Owner
    statement: Reason


TrusteeEvent = (
    TrusteeCommitted
    | TrusteePublished
    | TrusteeSharesSealed
    | TrusteeKeyConfirmed
    | TrusteeDrillPassed
    | PartiallyDecrypted
    | KeyShareDestroyed
)
SecretBallotsEvent = (
    ElectionDrafted
    | TrusteeEvent
    | ElectionFixed
    | CredentialRegistered
    | ElectionOpened
    | SecretVoteCast
    | TrackerChecked
    | TallyEncrypted
    | ResultPublished
)
