"""The shapes of the API's answers, as its OpenAPI document shows them."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, Field

from services.reporting.web.faults import PROBLEM

T = TypeVar("T")


class Answer(BaseModel, Generic[T]):
    """What was found, and up to which position of which kind of log."""

    position: int = Field(description="Vị trí nhật ký / the log is followed up to here")
    sandbox: bool = Field(description="Sổ thử / a log that plays, not the real one")
    data: T


class Listed(Answer[list[T]], Generic[T]):
    """A part of a list, newest first; ``next`` is the address of what comes before it."""

    next: str | None


class Problem(BaseModel):
    """A problem document (RFC 9457) in Vietnamese and English."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    title_vi: str
    detail_vi: str
    title_en: str
    detail_en: str
    path: str | None
    given: str | None
    expected: str | None
    fix_vi: str
    fix_en: str
    retryable: bool
    rule: str | None
    event: str | None
    facts: dict[str, Any]


class Counted(BaseModel):
    """How many entries were recorded, refused for a rule, and refused for their form."""

    recorded: int
    refused: int
    said: int


def _problem(description: str) -> dict[str, Any]:
    content = {PROBLEM: {"schema": Problem.model_json_schema()}}
    return {"description": description, "content": content}


FAULTS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": _problem("Không tìm thấy / not found"),
    503: _problem("Chưa có số liệu / no read models yet; try again after Retry-After"),
}
"""What every address may answer beside what it is for."""
