"""What the door's routes answer, as models and examples for its OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from thidua.contracts.secret_ballots import Digest
from thidua.receipts import RECEIPT_TYP
from thidua.refusals import CATALOGUE, Code, problem
from thidua.signing import event_hash

JOSE: Final = "application/jose"
PROBLEM: Final = "application/problem+json"
HASH: Final = r"^[A-Za-z0-9_-]{43}$"
KID: Final = r"^[A-Za-z0-9._/-]{1,64}$"
CODE: Final = r"^[A-Z0-9-]{1,16}$"

_HASH: Final = event_hash(b"an event")
_ENTRY_HASH: Final = event_hash(b"its entry")
_EVENT: Final = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6IkxDQS8yMDIxLTEiLCJ0eXAiOiJ0aGlkdWEtZXZlbnQrandzIn0.eyJ…fQ.MEQ…"
)

EventHash = Annotated[str, Field(pattern=HASH)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RecordedReceipt(_Document):
    """
    The receipt of a recorded event; a dry run's has neither ``position`` nor ``entry_hash``.

    ``tracker`` is that of an encrypted vote in a secret ballot: with it everybody finds the vote in the box.
    """

    hash: EventHash
    position: Annotated[int, Field(ge=1)] | None = None
    entry_hash: EventHash | None = None
    outcome: Literal["recorded"]
    rx: str
    by: str
    tracker: Digest | None = None
    dry_run: Literal[True] | None = None


class Problem(_Document):
    """RFC 9457: why an event or a request was not accepted; ``refused`` stands in the log, ``answered`` does not."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    title_vi: str
    detail_vi: str
    title_en: str
    detail_en: str
    fix_vi: str
    fix_en: str
    path: Any = None
    given: Any = None
    expected: Any = None
    retryable: bool
    rule: str | None = None
    event: EventHash | None = None
    facts: dict[str, Any]
    outcome: Literal["refused", "answered"] | None = None
    hash: EventHash | None = None
    position: Annotated[int, Field(ge=1)] | None = None
    entry_hash: EventHash | None = None
    rx: str | None = None
    by: str | None = None
    dry_run: Literal[True] | None = None


class Pending(_Document):
    """The event is stored; ask at ``receipt`` for its judgement."""

    hash: EventHash
    status: Literal["pending"]
    receipt: str
    dry_run: Literal[True] | None = None


class _InBatch(_Document):
    http_status: Annotated[int, Field(ge=200, le=599)]


class RecordedInBatch(RecordedReceipt, _InBatch):
    """A recorded event of a batch."""


class ProblemInBatch(Problem, _InBatch):
    """An event of a batch that was not accepted."""


class PendingInBatch(Pending, _InBatch):
    """An event of a batch that is stored and not judged yet."""


class Batch(_Document):
    """One result for each event, in the order they were sent."""

    results: list[RecordedInBatch | ProblemInBatch | PendingInBatch]


class Page(_Document):
    """A publisher's receipts in the order of the log; ``next`` is where the next page is."""

    publisher: str
    receipts: list[RecordedReceipt | Problem]
    next: str | None


class Head(_Document):
    """The last ``seq`` and event hash of a chain; 0 and null before its first event."""

    seq: Annotated[int, Field(ge=0)]
    hash: EventHash | None


class Heads(_Document):
    """Where a key's chain with each service stands."""

    kid: str
    heads: dict[Literal["units", "ballots", "pledges"], Head]


class Status(_Document):
    """The log's end, its gate, how far everybody has followed, and what waits in each inbox."""

    origin: str
    sandbox: bool
    position: int
    clock: str | None
    gate: Literal["open", "closed"]
    followed: dict[str, int]
    inboxes: dict[str, int]
    quiet: bool


class Catalogue(_Document):
    """Every refusal code with its words; a dash stands for a fact."""

    refusals: list[Problem]


_RECORDED_EXAMPLE: Final = {
    "hash": _HASH,
    "position": 1207,
    "entry_hash": _ENTRY_HASH,
    "outcome": "recorded",
    "rx": "2026-11-25T02:03:04.567Z",
    "by": "units/1",
}
_LATE: Final = {
    "deadline": "31/01/2026",
    "received": "02/02/2026 08:15",
    "kind": "received at latest",
}
_REFUSED_EXAMPLE: Final = {
    **problem(Code.DEADLINE_PASSED, _LATE, event=_HASH),
    "status": 422,
    **_RECORDED_EXAMPLE,
    "outcome": "refused",
}
_PENDING_EXAMPLE: Final = {
    "hash": _HASH,
    "status": "pending",
    "receipt": f"/v1/receipts/{_HASH}",
}
_MALFORMED_EXAMPLE: Final = {
    **problem(
        Code.JWS_MALFORMED,
        {"path": "", "given": "0 dots", "expected": "three parts and two dots"},
    ),
    "outcome": "answered",
}
_ETAG: Final = {"ETag": {"description": "RFC 9110 §8.8.3", "schema": {"type": "string"}}}
_RETRY: Final = {
    "Retry-After": {"description": "giây / seconds", "schema": {"type": "integer", "minimum": 1}}
}


def problems(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The answers of a route for these codes, by status."""
    answers: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        words = CATALOGUE[code]
        example = {**problem(code, {"seconds": 2}), "outcome": "answered"}
        answer = answers.setdefault(
            words.status,
            {
                "description": "",
                "content": {PROBLEM: {"schema": reference(Problem), "examples": {}}},
            },
        )
        answer["description"] += f"{'; ' if answer['description'] else ''}{words.title_vi}"
        answer["description"] += f" / {words.title_en}"
        answer["content"][PROBLEM]["examples"][str(code)] = {"value": example}
        if words.status in (429, 503):
            answer["headers"] = _RETRY
        if words.status == 401:  # noqa: PLR2004 - Unauthorized
            answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return answers


def reference(model: type[BaseModel]) -> dict[str, str]:
    """How another part of the document names a model."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _either(*models: type[BaseModel]) -> dict[str, Any]:
    return {"anyOf": [reference(model) for model in models]}


EVENTS_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            JOSE: {
                "schema": {"type": "string", "minLength": 1, "maxLength": 64_000},
                "example": _EVENT,
            },
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"type": "string", "minLength": 1},
                        {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    ]
                },
                "example": [_EVENT, _EVENT],
            },
        },
    },
    "security": [{}, {"bearer": []}],
}

EVENTS_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Đã ghi, hoặc kết quả của từng sự kiện / recorded, or one result for each event",
        "content": {
            "application/json": {
                "schema": _either(RecordedReceipt, Batch),
                "examples": {
                    "one": {"value": _RECORDED_EXAMPLE},
                    "dry run": {
                        "value": {
                            name: value
                            for name, value in {**_RECORDED_EXAMPLE, "dry_run": True}.items()
                            if name not in ("position", "entry_hash")
                        }
                    },
                    "batch": {
                        "value": {
                            "results": [
                                {"http_status": 200, **_RECORDED_EXAMPLE},
                                {"http_status": 422, **_REFUSED_EXAMPLE},
                                {"http_status": 400, **_MALFORMED_EXAMPLE},
                            ]
                        }
                    },
                },
            }
        },
        "headers": {"Preference-Applied": {"schema": {"type": "string"}}},
    },
    202: {
        "description": "Đã nhận, chưa xét / stored, not judged yet",
        "content": {
            "application/json": {
                "schema": _either(Pending, Batch),
                "examples": {
                    "one": {"value": _PENDING_EXAMPLE},
                    "batch": {"value": {"results": [{"http_status": 202, **_PENDING_EXAMPLE}]}},
                },
            }
        },
        "headers": {
            "Location": {"description": "biên nhận / the receipt", "schema": {"type": "string"}}
        },
    },
    422: {
        "description": "Bị từ chối, có trong nhật ký / refused, stands in the log",
        "content": {
            PROBLEM: {
                "schema": reference(Problem),
                "examples": {"DEADLINE_PASSED": {"value": _REFUSED_EXAMPLE}},
            }
        },
    },
    **problems(
        *(
            code
            for code, words in CATALOGUE.items()
            if words.stage == "answered"
            and words.status in (400, 401, 403, 408, 409, 413, 429, 503)
        )
    ),
}

RECEIPT_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Biên nhận; sự kiện được ghi hoặc bị từ chối / the receipt of a recorded or refused event",
        "content": {
            "application/json": {
                "schema": _either(RecordedReceipt, Problem),
                "examples": {
                    "recorded": {"value": _RECORDED_EXAMPLE},
                    "refused": {"value": _REFUSED_EXAMPLE},
                },
            },
            JOSE: {
                "schema": {
                    "type": "string",
                    "description": f"JWS, typ {RECEIPT_TYP}: origin, hash, position, entry_hash, outcome, code, rx; of a vote also tracker",
                },
                "example": "eyJhbGciOiJFZERTQSIsImtpZCI6InNlcnZpY2VzL2Rvb3IiLCJ0eXAiOiJ0aGlkdWEtcmVjZWlwdCtqd3MifQ.eyJ…fQ.x…",
            },
        },
        "headers": _ETAG,
    },
    304: {"description": "Không đổi / not modified", "headers": _ETAG},
    **problems(
        Code.RECEIPT_UNKNOWN,
        Code.RECEIPT_UNSIGNED,
        Code.ENVELOPE_INVALID,
        Code.REQUEST_INVALID,
        Code.KEY_UNKNOWN,
        Code.CHAIN_EXPECTED,
        Code.CHAIN_FORK,
        Code.KEY_EXPIRED,
        Code.BUSY,
    ),
}

PAGE_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": Page,
        "description": "Một trang biên nhận / a page of receipts",
        "headers": {**_ETAG, "Link": {"description": "RFC 8288", "schema": {"type": "string"}}},
        "content": {
            "application/json": {
                "example": {
                    "publisher": "LCA",
                    "receipts": [_RECORDED_EXAMPLE, _REFUSED_EXAMPLE],
                    "next": "/v1/publishers/LCA/receipts?after=1207&limit=2",
                }
            }
        },
    },
    304: {"description": "Không đổi / not modified", "headers": _ETAG},
    **problems(Code.REQUEST_INVALID, Code.NOT_FOUND, Code.BUSY),
}
