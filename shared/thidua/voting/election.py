"""An election: its exact text, and the fingerprint of it to which every proof and signature is bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from thidua.voting.canonical import integer, members, parse, short_hash, shown, string, written
from thidua.voting.credentials import BASE58
from thidua.voting.faults import BallotFaultError
from thidua.voting.group import BELENIOS_2048, Group, group_named
from thidua.voting.questions import Question, read_questions
from thidua.voting.rule import Rule, read_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UUID_LENGTH: Final = 14
_MOST_UUID: Final = 64
_REQUIRED: Final = (
    "version",
    "description",
    "name",
    "group",
    "public_key",
    "questions",
    "uuid",
    "x_rule",
)
_OPTIONAL: Final = ("administrator", "credential_authority")


@dataclass(frozen=True, slots=True)
class Election:
    """What is fixed before the first ballot (I2); another *text* is another election."""

    text: str
    fingerprint: str
    group: Group
    uuid: str
    name: str
    key: int
    questions: tuple[Question, ...]
    rule: Rule

    def prepared(self) -> Election:
        """The same election, faster with many ballots: powers of g and of the key by tables."""
        return replace(self, group=self.group.with_tables(self.group.g, self.key))


def draft_election(
    *,
    uuid: str,
    name: str,
    description: str = "",
    key: int,
    questions: Sequence[Question],
    rule: Rule,
    more: Mapping[str, object] | None = None,
) -> Election:
    """
    The election that these facts make; *more* are members called ``x_…``, for the roll and the log's head.

    Raises BallotFaultError where `read_election` would.
    """
    document = {
        "version": 1,
        "description": description,
        "name": name,
        "group": BELENIOS_2048.name,
        "public_key": str(key),
        "questions": [question.document() for question in questions],
        "uuid": uuid,
        "x_rule": rule.document(),
        **(more or {}),
    }
    return read_election(written(document))


def read_election(text: str) -> Election:
    """
    The election in *text* (specification 4.7), whatever the order of its members: the bytes are what counts.

    Raises BallotFaultError, also for an election without the rule of decision and for a key outside the group.
    """
    document = parse(text, "election")
    more = tuple(document) if isinstance(document, dict) else ()
    extended = tuple(name for name in more if name.startswith("x_") and name not in _REQUIRED)
    read = members(document, "election", *_REQUIRED, optional=(*_OPTIONAL, *extended))
    integer(read["version"], "election/version", 1, 1)
    for name in ("description", *(name for name in _OPTIONAL if name in read)):
        string(read[name], f"election/{name}")
    group = group_named(read["group"], "election/group")
    key = group.element(read["public_key"], "election/public_key")
    if key == 1:
        raise BallotFaultError("election/public_key", "a key that hides something", "the number 1")
    return Election(
        text=text,
        fingerprint=short_hash(text),
        group=group,
        uuid=_uuid(read["uuid"]),
        name=string(read["name"], "election/name"),
        key=key,
        questions=read_questions(read["questions"], "election/questions"),
        rule=read_rule(read["x_rule"], "election/x_rule"),
    )


def _uuid(value: object) -> str:
    uuid = string(value, "election/uuid")
    if not _UUID_LENGTH <= len(uuid) <= _MOST_UUID or any(each not in BASE58 for each in uuid):
        raise BallotFaultError("election/uuid", "14 to 64 characters of Base58", shown(uuid))
    return uuid
