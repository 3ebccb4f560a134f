"""Events judged by the pledges service: movements, the pledge (*giao ước thi đua*), its targets and their results."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from thidua.contracts.base import (
    Code,
    Commitment,
    EventData,
    LegalBasis,
    Name,
    Points,
    Reason,
    Role,
    Scope,
    Sha256,
    Slug,
    Text,
    Value,
    Year,
)


class MovementApproved(EventData):
    """The authority's decision on the year's emulation movement (subject: the authority)."""

    TYPE: ClassVar[str] = "thidua.pledges.movement-approved.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.AUTHORITY,)
    SCOPE: ClassVar[Scope] = Scope.REGISTRY
    year: Year
    theme: Text
    contents: tuple[Text, ...]
    basis: LegalBasis
    decided_on: date


class MovementLaunched(EventData):
    """The chair launches the movement in the cluster; it does not wait for the authority's approval."""

    TYPE: ClassVar[str] = "thidua.pledges.movement-launched.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    theme: Text
    contents: tuple[Text, ...]
    waves: tuple[Text, ...] = ()
    place: Name | None = None


class Target(Value):
    """A measurable target; *each* unit answers for it, unless *of* names those who do."""

    target: Slug
    name_vi: Text
    measure: Name
    value: Points
    sense: Literal["at-least", "at-most"]
    of: tuple[Code, ...] = ()


class PledgeDrafted(EventData):
    """The pledge's text and targets; a later draft replaces an earlier one until it is opened for signing."""

    TYPE: ClassVar[str] = "thidua.pledges.pledge-drafted.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    version: Annotated[int, Field(ge=1)]
    theme: Text
    text: Text
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]


class PledgeOpened(EventData):
    """The service opens a draft for signing once the year has a chair: which text (its event hash) and who may sign."""

    TYPE: ClassVar[str] = "thidua.pledges.pledge-opened.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    version: Annotated[int, Field(ge=1)]
    draft: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    chair: Code
    members: tuple[Code, ...]


class PledgeSigned(EventData):
    """A member signs the opened version; the signature is the event's own."""

    TYPE: ClassVar[str] = "thidua.pledges.pledge-signed.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    version: Annotated[int, Field(ge=1)]
    signer_role: Name
    signer: Commitment | None = None


class PledgeDeclined(EventData):
    """A member will not sign the opened version, with its reason."""

    TYPE: ClassVar[str] = "thidua.pledges.pledge-declined.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    version: Annotated[int, Field(ge=1)]
    reason: Reason


class PledgeConcluded(EventData):
    """Every member has signed or declined; computed by the pledges service."""

    TYPE: ClassVar[str] = "thidua.pledges.pledge-concluded.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.SERVICE,)
    version: Annotated[int, Field(ge=1)]
    signed: tuple[Code, ...]
    declined: tuple[Code, ...] = ()


class PledgeSent(EventData):
    """The chair sends the concluded pledge and the scoring table to the authority (TT 07/2019 Art 9(2))."""

    TYPE: ClassVar[str] = "thidua.pledges.pledge-sent.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    version: Annotated[int, Field(ge=1)]
    document: Sha256 | None = None


class TargetRevised(EventData):
    """A target of the concluded pledge is changed, with reason and all members' notice."""

    TYPE: ClassVar[str] = "thidua.pledges.target-revised.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.CHAIR, Role.DEPUTY)
    target: Slug
    value: Points
    reason: Reason
    noticed: Annotated[tuple[Code, ...], Field(min_length=1)]


class TargetResultReported(EventData):
    """A unit's result against one target; a later report replaces an earlier one."""

    TYPE: ClassVar[str] = "thidua.pledges.target-result-reported.v1"
    ROLES: ClassVar[tuple[Role, ...]] = (Role.MEMBER,)
    unit: Code
    target: Slug
    value: Points
    as_of: date
    note: Text | None = None
    evidence: tuple[Sha256, ...] = ()


PledgesEvent = (
    MovementApproved
    | MovementLaunched
    | PledgeDrafted
    | PledgeOpened
    | PledgeSigned
    | PledgeDeclined
    | PledgeConcluded
    | PledgeSent
    | TargetRevised
    | TargetResultReported
)
