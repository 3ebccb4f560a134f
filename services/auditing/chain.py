"""The chain of entries from which a result follows, each with its reason, its figures and its proof."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeGuard, TypeVar

from thidua.contracts.base import Share, format_points

if TYPE_CHECKING:
    from decimal import Decimal

    from services.auditing.facts import Told
    from thidua.contracts import EventData

    D = TypeVar("D", bound=EventData)
else:
    D = TypeVar("D")


class Words(NamedTuple):
    """A sentence in Vietnamese and in English."""

    vi: str
    en: str


NOTHING: Final = Words("", "")


@dataclass(slots=True)
class Link:
    """
    One entry of a chain: why it matters and what was computed from it.

    ``sentence``, ``signer`` and ``rx`` say what the log has there; ``proof`` are the hashes from its leaf to the root.
    """

    position: int
    hash: str
    why: list[Words] = field(default_factory=list)
    figures: list[Words] = field(default_factory=list)
    sentence: Words = NOTHING
    rx: str = ""
    signer: str = ""
    proof: tuple[str, ...] = ()


@dataclass(slots=True)
class Finding:
    """What is wrong or missing in a chain, and where, if it is anywhere."""

    position: int | None
    words: Words


@dataclass(slots=True)
class Chain:
    """
    What a result is, the entries it follows from, and what does not fit; without findings it is complete.

    ``concluded_by`` is the entry whose own sentence is the conclusion, where one is.
    """

    result: str
    conclusion: Words = NOTHING
    concluded_by: int | None = None
    links: dict[int, Link] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, told: Told[Any], vi: str, en: str) -> Link:
        """Name an entry and why it matters."""
        link = self.links.setdefault(told.position, Link(told.position, told.event.hash))
        if (why := Words(vi, en)) not in link.why:
            link.why.append(why)
        return link

    def figure(self, told: Told[Any], vi: str, en: str) -> None:
        """Say what was computed from an entry that was added."""
        self.links[told.position].figures.append(Words(vi, en))

    def finding(self, told: Told[Any] | None, vi: str, en: str) -> None:
        """Say what is wrong or missing."""
        self.findings.append(Finding(told.position if told else None, Words(vi, en)))

    def need(self, told: Told[D] | None, vi: str, en: str) -> TypeGuard[Told[D]]:
        """Add an entry that must be there; a finding when it is not."""
        if told is None:
            self.finding(None, f"thiếu: {vi}", f"missing: {en}")
            return False
        self.add(told, vi, en)
        return True

    def equal(self, told: Told[Any], what: Words, computed: object, recorded: object) -> None:
        """Compare a figure computed here with the recorded one."""
        shown, written = _shown(computed), _shown(recorded)
        if computed == recorded:
            self.figure(told, f"{what.vi} = {shown}", f"{what.en} = {shown}")
        else:
            self.finding(
                told,
                f"{what.vi}: tính lại được {shown}, sổ ghi {written}",
                f"{what.en}: computed {shown}, recorded {written}",
            )

    def document(self) -> dict[str, Any]:
        """The explanation for machines."""
        return {
            "schema_version": 1,
            "result": self.result,
            "complete": not self.findings,
            "conclusion": self.conclusion._asdict(),
            "links": [
                {
                    **asdict(link),
                    "why": [one._asdict() for one in link.why],
                    "figures": [one._asdict() for one in link.figures],
                    "sentence": link.sentence._asdict(),
                }
                for _, link in sorted(self.links.items())
            ],
            "findings": [
                {"position": one.position, **one.words._asdict()} for one in self.findings
            ],
        }


def cause_of(chain: Chain, told: Told[Any], cause: Told[EventData] | None) -> None:
    """Add what a service's own event says it follows from."""
    if told.event.cause:
        chain.need(
            cause,
            f"dẫn đến mục {told.position}, theo lời sự kiện đó",
            f"entry {told.position} says it follows from this",
        )
    elif told.event.source.startswith("/services/"):
        chain.figure(told, "đến hạn theo thời gian, không do sự kiện nào", "fell due by time alone")


def points(value: Decimal, *, english: bool = False) -> str:
    """Points as people write them."""
    plain = format_points(value)
    return plain if english else plain.replace(".", ",")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, Share):
        return f"{'>' if value.op == 'more-than' else '≥'} {value.num}/{value.den}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(one)}" for name, one in sorted(value.items())) or "–"
    if isinstance(value, list | tuple | set | frozenset):
        listed = sorted(value) if isinstance(value, set | frozenset) else value
        return ", ".join(map(_shown, listed)) or "–"
    return f"{value}"
