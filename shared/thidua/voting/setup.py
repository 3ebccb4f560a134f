"""A secret ballot's election as it follows from the log: questions, rule, and what the fingerprint binds besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from thidua.voting.ballots import MOST_BYTES, largest_ballot
from thidua.voting.election import Election, draft_election
from thidua.voting.questions import Question, approve, at_most, on_each
from thidua.voting.rule import Rule, Tie

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from thidua.contracts import rulebook as r
    from thidua.contracts import secret_ballots as s
    from thidua.contracts.base import Share
    from thidua.voting.tally import Result

NOTE: Final = (
    "Phiếu kín: chỉ tổng số được mở, khi đủ người giữ khóa của mọi nhóm cùng tham gia; những người đó cùng nhau "
    "cũng có thể mở từng phiếu. Danh sách đơn vị đã bỏ phiếu là công khai. Nếu mọi phiếu giống nhau thì kết quả "
    "tự nó cho biết từng phiếu; cử tri càng ít, điều đó càng dễ xảy ra. Phiếu không hứa giữ kín mãi mãi trước "
    "máy tính lượng tử. / Only sums are opened, and only when enough trustees of every group take part; the same "
    "trustees together could open single votes. Who voted is public. If all votes are alike, the result tells "
    "each of them; the fewer voters, the likelier. The secrecy is not promised to outlast quantum computers."
)
"""What a voter should know of the secrecy; it stands in the election's text, and so under every vote."""
_TIES: Final[dict[str, Tie]] = {"ranking": "rank", "empty": "revote"}
_PROBE: Final = "X" * 16


@dataclass(frozen=True, slots=True)
class Frozen:
    """What stands in the log beside the draft when the keys are complete; *names* are those of the nominees by code."""

    subject: str
    drafted_by: str
    question: r.Question
    quorum: Share
    rulebook: int
    roll: Sequence[str]
    places: int
    round: int
    names: Mapping[str, str]


def questions_of(
    form: str, question: r.Question, nominees: Sequence[str], places: int
) -> tuple[Question, ...]:
    """How *nominees* (as voters read them) are asked about: each by itself, or marked in a list."""
    if form == "each":
        return on_each(nominees)
    if question.form == "choose":
        return (at_most(question.about, nominees, min(places, len(nominees))),)
    return (approve(question.about, nominees),)


def fitting(form: str, question: r.Question, nominees: int, places: int) -> int:
    """How many of that many *nominees* fit one ballot in this form."""
    for number in range(nominees, 0, -1):
        asked = questions_of(form, question, [f"{_PROBE}{at}" for at in range(number)], places)
        if largest_ballot(asked) <= MOST_BYTES:
            return number
    return 0


def election_of(draft: s.ElectionDrafted, frozen: Frozen, key: int) -> Election:
    """
    The election that follows from its *draft*, from what is *frozen*, and from the trustees' *key*.

    Raises BallotFaultError where nothing could be asked.
    """
    question = frozen.question
    asked = [label(code, frozen.names[code]) for code in draft.nominees]
    rule = Rule(
        question.base,
        question.threshold,
        frozen.quorum,
        _TIES[question.tie],
        question.rounds,
        frozen.places,
    )
    more: dict[str, object] = {
        "x_ballot": f"{frozen.subject}/{draft.ballot}",
        "x_about": draft.about,
        "x_nominees": list(draft.nominees),
        "x_roll": sorted(frozen.roll),
        "x_round": frozen.round,
        "x_rulebook": frozen.rulebook,
        "x_revote": question.repeat,
        "x_min_ballots": draft.min_ballots,
        "x_log": frozen.drafted_by,
    }
    return draft_election(
        uuid=draft.uuid,
        name=f"{frozen.subject}/{draft.ballot}",
        description=NOTE,
        key=key,
        questions=questions_of(draft.form, question, asked, frozen.places),
        rule=rule,
        more=more,
    )


def label(code: str, name: str) -> str:
    """A nominee as it stands on the ballot: the code keeps two of one name apart."""
    return f"{name} ({code})"


def choices_of(
    form: str, question: r.Question, nominees: Sequence[str], marks: Mapping[str, str]
) -> tuple[tuple[int, ...], ...]:
    """
    The numbers that a voter's *marks* (``yes``, ``no``, ``none`` by nominee) are encrypted as.

    Whether the question allows them is for `make_ballot` to say.
    """
    said = [marks.get(nominee, "none") for nominee in nominees]
    if form == "each":
        return tuple((int(one == "none"), int(one == "yes"), int(one == "no")) for one in said)
    chosen = tuple(int(one == "yes") for one in said)
    if question.form == "choose":
        return ((int(not any(chosen)), *chosen),)
    return (chosen,)


def answers_of(
    form: str, nominees: Sequence[str], result: Result, counted: int
) -> dict[str, tuple[int, int, int]]:
    """By nominee how many of *counted* votes say yes, no and nothing."""
    if form == "each":
        return {
            nominee: (yes, no, none)
            for nominee, (none, yes, no) in zip(nominees, result, strict=True)
        }
    chosen: Iterable[int] = result[0][-len(nominees) :]
    return {nominee: (yes, 0, counted - yes) for nominee, yes in zip(nominees, chosen, strict=True)}
