"""What an address may hold: parsed once, here, into types; whatever else is given is not found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Query

from thidua.contracts import CONTRACTS

CODE: Final = r"^[A-Z0-9-]{2,16}$"
SUBJECT: Final = r"^[A-Z0-9-]{2,16}(/[A-Z0-9-]{2,16}/[0-9]{4})?$"
CYCLE: Final = r"^[A-Z0-9-]{2,16}/[A-Z0-9-]{2,16}/[0-9]{4}$"
_FARTHEST: Final = 2**53

Code = Annotated[str, Path(pattern=CODE)]
Year = Annotated[str, Path(pattern=r"^[0-9]{4}$")]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
Position = Annotated[int, Path(ge=1, le=_FARTHEST)]
Version = Annotated[int | None, Query(ge=1, le=_FARTHEST)]


def _cycle(authority: Code, cluster: Code, year: Year) -> str:
    return f"{authority}/{cluster}/{year}"


Cycle = Annotated[str, Depends(_cycle)]
"""The cycle an address names by authority, cluster and year."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list, newest first: at most *most* before a position, of a subject, unit or type."""

    subject: str | None
    unit: str | None
    type: str | None
    before: int | None
    most: int


def _part(
    subject: Annotated[str | None, Query(pattern=SUBJECT)] = None,
    unit: Annotated[str | None, Query(pattern=CODE)] = None,
    type: Annotated[str | None, Query(max_length=80, examples=sorted(CONTRACTS)[:1])] = None,  # noqa: A002 - the wire's own word
    before: Annotated[int | None, Query(ge=1, le=_FARTHEST)] = None,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Part:
    # A type nobody knows has no entries; a database need not be asked with a stranger's text.
    known = type if type is None or type in CONTRACTS else "-"
    return Part(subject, unit, known, before, most)


AnyPart = Annotated[Part, Depends(_part)]
