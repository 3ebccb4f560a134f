"""Questions to the pledge: its text, who has signed, targets with revisions and results."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from services.reporting.projections.pledges import (
    drafts,
    launches,
    pledges,
    results,
    revisions,
    signatures,
)

if TYPE_CHECKING:
    from services.reporting.reading import Reading
    from services.reporting.rows import Row


@dataclass(frozen=True, slots=True)
class Signature:
    """A member's answer to the pledge: ``signed``, ``declined``, or ``open`` while it has not said."""

    unit: str
    answer: str
    signer_role: str | None
    reason: str | None
    rx: str | None
    kid: str | None
    hash: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A unit's result against one target, and whether it meets the value in force."""

    unit: str
    value: str
    met: bool
    as_of: str
    note: str | None
    position: int


@dataclass(frozen=True, slots=True)
class PledgeTarget:
    """A target with its first value, the value in force, why it was revised, and the results."""

    target: str
    name_vi: str
    measure: str
    sense: str
    of: list[str]
    first_value: str
    value: str
    revisions: list[dict[str, Any]]
    results: list[TargetResult]


@dataclass(frozen=True, slots=True)
class Pledge:
    """
    The pledge of a cycle.

    ``state`` is ``drafted``, ``opened``, ``concluded`` or ``sent``; ``version`` the draft it is about.
    """

    cycle: str
    state: str
    version: int
    versions: list[int]
    theme: str | None
    text: str | None
    chair: str | None
    members: list[str]
    opened: str | None
    concluded: str | None
    sent: str | None
    signatures: list[Signature]
    targets: list[PledgeTarget]
    hash: str | None
    position: int | None

    @property
    def signed(self) -> list[str]:
        """The units that have signed."""
        return [one.unit for one in self.signatures if one.answer == "signed"]


def pledge(read: Reading, cycle: str) -> Pledge | None:
    """The pledge of a cycle; ``None`` before it is drafted."""
    row = read.one(pledges, cycle=cycle)
    if row is None:
        return None
    versions = read.rows(drafts, cycle=cycle)
    # Before it is opened, the newest draft is what would be signed.
    version = versions[-1]["version"] if row["opened"] is None and versions else row["version"]
    draft = next((one for one in versions if one["version"] == version), None)
    members = row["members"] or []
    return Pledge(
        cycle=cycle,
        state=row["state"],
        version=version,
        versions=[one["version"] for one in versions],
        theme=draft["theme"] if draft else None,
        text=draft["text"] if draft else None,
        chair=row["chair"],
        members=members,
        opened=row["opened"],
        concluded=row["concluded"],
        sent=row["sent"],
        signatures=_signatures(read, cycle, version, members),
        targets=_targets(read, cycle, draft),
        hash=draft["hash"] if draft else None,
        position=draft["position"] if draft else None,
    )


def launch(read: Reading, cycle: str) -> dict[str, Any] | None:
    """The movement launched in a cycle: theme, contents, waves, place, by whom and when."""
    row = read.one(launches, cycle=cycle)
    return None if row is None else dict(row)


def _signatures(read: Reading, cycle: str, version: int, members: list[str]) -> list[Signature]:
    columns = ("unit", "answer", "signer_role", "reason", "rx", "kid", "hash", "position")
    given = {
        row["unit"]: Signature(*(row[column] for column in columns))
        for row in read.rows(signatures, cycle=cycle, version=version)
    }
    nothing = (None,) * 6
    return [
        given.get(unit) or Signature(unit, "open", *nothing) for unit in sorted({*members, *given})
    ]


def _targets(read: Reading, cycle: str, draft: Row | None) -> list[PledgeTarget]:
    if draft is None:
        return []
    revised = read.rows(revisions, cycle=cycle)
    reported = read.rows(results, cycle=cycle)
    found = []
    for target in draft["targets"]:
        code = target["target"]
        changes = [dict(row) for row in revised if row["target"] == code]
        value = changes[-1]["value"] if changes else target["value"]
        found.append(
            PledgeTarget(
                target=code,
                name_vi=target["name_vi"],
                measure=target["measure"],
                sense=target["sense"],
                of=target["of"],
                first_value=target["value"],
                value=value,
                revisions=changes,
                results=[
                    TargetResult(
                        row["unit"],
                        row["value"],
                        _met(row["value"], value, target["sense"]),
                        row["as_of"],
                        row["note"],
                        row["position"],
                    )
                    for row in reported
                    if row["target"] == code
                ],
            )
        )
    return found


def _met(value: str, wanted: str, sense: str) -> bool:
    reached, limit = Decimal(value), Decimal(wanted)
    return reached >= limit if sense == "at-least" else reached <= limit
