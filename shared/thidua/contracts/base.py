"""The words all contracts are built of: roles, codes, points, fractions, deadlines, and the base of every event's data."""

from __future__ import annotations

import inspect
import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import core_schema


class Role(StrEnum):
    """Who may publish an event; each contract names its roles, judging checks them against the log."""

    AUTHORITY = "authority"
    CHAIR = "chair"
    DEPUTY = "deputy"
    MEMBER = "member"
    PRESIDING = "presiding"
    BOARD = "counting-board"
    TEAM = "cross-check-team"
    TRUSTEE = "trustee"
    OWNER = "key-owner"
    SERVICE = "service"


class Scope(StrEnum):
    """Which kind of subject an event stands under."""

    REGISTRY = "registry"
    CYCLE = "cycle"


Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,15}$")]
"""Code of a unit, an authority or a cluster: 2 to 16 capitals, digits and hyphens."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,47}$")]
"""A name chosen by the publisher within one subject, such as a ballot's or a conference's."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Reason = Annotated[str, StringConstraints(min_length=5, max_length=2000)]
LegalBasis = Annotated[str, StringConstraints(min_length=1, max_length=300)]
"""The decision or article an act rests on, as it is cited: ``QĐ 34/QĐ-BVHTTDL 07/01/2021``."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Salted commitment to a person's name (``thidua.vault.commit``); the name itself never stands in the log."""
CycleSubject = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Z0-9][A-Z0-9-]{1,15}/[A-Z0-9][A-Z0-9-]{1,15}/(19|20|21)[0-9]{2}$"
    ),
]
"""A cycle: ``BVHTTDL/BGPB/2021``."""
Kid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,64}$")]
Source = Annotated[
    str, StringConstraints(pattern=r"^/(units|authorities|services)/[A-Za-z0-9-]{2,16}$")
]
Year = Annotated[int, Field(ge=1990, le=2200)]
Day = date
"""A calendar day, where a field of a type is itself named ``date``."""


def _within_the_years(moment: datetime) -> datetime:
    if 1990 <= moment.year <= 2200:  # noqa: PLR2004 - the bounds of Year
        return moment
    msg = "a moment lies between the years 1990 and 2200"
    raise ValueError(msg)


Moment = Annotated[AwareDatetime, AfterValidator(_within_the_years)]
"""A moment with its zone, in the years that a cycle may have."""
Count = Annotated[int, Field(ge=0, le=100_000)]
CriterionCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,5}(\.[0-9]{1,2}){0,3}$")]

_POINTS = re.compile(r"^-?\d{1,5}(\.\d{1,2})?$")


# A score sheet has a score of points, and few values come again and again.
@lru_cache(maxsize=4096)
def _points_of(text: str) -> Decimal:
    if _POINTS.fullmatch(text):
        return Decimal(text)
    msg = "points are a string such as '57.5', at most two decimals"
    raise ValueError(msg)


class _PointsSchema:
    """From JSON a string of digits; in Python the ``Decimal`` too."""

    def __get_pydantic_core_schema__(
        self, _source: type[Decimal], _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        text = core_schema.no_info_after_validator_function(
            _points_of, core_schema.str_schema(strict=True)
        )
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema(
                [core_schema.is_instance_schema(Decimal), text], mode="left_to_right"
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                format_points, return_schema=core_schema.str_schema()
            ),
        )


def format_points(points: Decimal) -> str:
    """Points as they stand on the wire and on pages: one decimal, two where they are needed."""
    # Almost all are written with one decimal already, and rounding costs five times as much.
    text = str(points)
    if text[-2:-1] == ".":
        return text
    tenths = points.quantize(Decimal("0.1"))
    return str(tenths if tenths == points else points.quantize(Decimal("0.01")))


Points = Annotated[
    Decimal,
    _PointsSchema(),
    WithJsonSchema({"type": "string", "pattern": _POINTS.pattern, "examples": ["57.5"]}),
]
"""Points, exact: a decimal string on the wire, a ``Decimal`` inside."""


class Value(BaseModel):
    """A frozen part of an event: strict types, no unknown members."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Deadline(Value):
    """
    A limit in whole local days (+07:00).

    ``before`` ends when *date* begins ("trước ngày 05/12": last valid day 4/12);
    ``at-latest`` ends when *date* ends. *counts* says whether the day of arrival or
    the attested day of sending (postmark) is judged.
    """

    date: date
    kind: Literal["before", "at-latest"]
    counts: Literal["received", "sent"] = "received"

    def days_late(self, day: Day) -> int:
        """By how many whole days *day* is late; 0 on the last valid day and before."""
        past = (day - self.date).days + (1 if self.kind == "before" else 0)
        return max(0, past)

    def passed(self, received: str) -> dict[str, str]:
        """The facts of ``DEADLINE_PASSED`` for what came at *received*, with the rule applied."""
        hour = "00:00" if self.kind == "before" else "24:00"
        return {
            "deadline": f"{self.date} {hour}",
            "received": received,
            "rule": f"{self.kind} {self.date}, {self.counts}",
        }


class Share(Value):
    """
    A share of a base as an integer fraction, never a float.

    It is reached when ``part * den >= num * base`` (or ``>`` for ``more-than``).
    """

    num: Annotated[int, Field(ge=0, le=1000)]
    den: Annotated[int, Field(ge=1, le=1000)]
    op: Literal["at-least", "more-than"] = "at-least"

    def needed(self, base: int) -> int:
        """The least whole number that reaches the share of *base*."""
        exact, rest = divmod(self.num * base, self.den)
        if self.op == "more-than":
            return exact + 1
        return exact + (1 if rest else 0)

    def reached(self, part: int, base: int) -> bool:
        """Whether *part* out of *base* reaches the share."""
        left, right = part * self.den, self.num * base
        return left > right if self.op == "more-than" else left >= right


class Evidence(Value):
    """A file beside the log: its hash, size and name, and the criterion it supports."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=1)]
    name: Name
    criterion: CriterionCode | None = None


class EventData(Value):
    """The ``data`` of one event type; the class says its wire type, its roles and its scope."""

    TYPE: ClassVar[str]
    ROLES: ClassVar[tuple[Role, ...]]
    SCOPE: ClassVar[Scope] = Scope.CYCLE

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Say in the contract's docstring, and so in its schema, who may publish it: from ``ROLES``, which is judged."""
        if "TYPE" in vars(cls):
            cls.__doc__ = (
                f"{inspect.cleandoc(cls.__doc__ or '')}\n\nPublished by: {', '.join(cls.ROLES)}."
            )

    def touches(self, subject: str) -> tuple[str, ...]:  # noqa: ARG002 - most events touch their own subject alone
        """Further subjects whose state this event changes beside its own *subject*."""
        return ()


def next_year(subject: str, year: int) -> str:
    """The cycle of *year* in the cluster of *subject*."""
    return f"{subject.rsplit('/', 1)[0]}/{year}"
