"""From what a voter says about nominees to the numbers that are encrypted, and back into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from thidua.errors import RejectError
from thidua.voting.canonical import parse, string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thidua.contracts import secret_ballots as s
    from thidua.voting.election import Election
    from thidua.voting.questions import Choice

Mark: TypeAlias = Literal["yes", "no", "none"]
WORDS: Final[dict[Mark, str]] = {
    "yes": "đồng ý / yes",
    "no": "không đồng ý / no",
    "none": "không có ý kiến / none",
}
_ANSWERS: Final = 2
"""Agree and disagree: what each nominee is asked with in the form ``each``."""


class MarksError(RejectError):
    """What was said about the nominees makes no vote; the message does not repeat it."""

    def __init__(self, expected: str) -> None:
        super().__init__(
            f"lựa chọn không hợp lệ: cần / the choice is not valid: expected {expected}"
        )

    def diagnostics(self) -> str:
        """Say that nothing was made."""
        return "Chưa lập phiếu nào; hãy chọn lại. / No ballot was made; choose again."


def choices_of(
    draft: s.ElectionDrafted, election: Election, marks: Mapping[str, str]
) -> tuple[Choice, ...]:
    """
    The numbers for *marks* by nominee's code; who is not named has ``none``.

    Raises :class:`MarksError` for a stranger, another word, ``no`` in a list, and more names than may be marked.
    """
    if set(marks) - set(draft.nominees):
        raise MarksError(" | ".join(draft.nominees))
    said = [marks.get(nominee, "none") for nominee in draft.nominees]
    words = ("yes", "no", "none") if draft.form == "each" else ("yes", "none")
    if not set(said) <= set(words):
        raise MarksError(" | ".join(words))
    if draft.form == "each":
        return tuple((int(one == "none"), int(one == "yes"), int(one == "no")) for one in said)
    [question] = election.questions
    marked = tuple(int(one == "yes") for one in said)
    choice = (int(not any(marked)), *marked) if question.blank else marked
    if not question.allows(choice):
        raise MarksError(f"{question.least} … {question.most}")
    return (choice,)


def secrecy_of(election: Election) -> str:
    """What the election's own text tells its voters of the secrecy."""
    return string(parse(election.text, "election")["description"], "election/description")


def marks_in(draft: s.ElectionDrafted, choices: Sequence[Choice]) -> dict[str, Mark]:
    """By nominee's code what the numbers of a ballot say. Raises :class:`MarksError` for other numbers."""
    said: list[Mark]
    if draft.form == "each":
        if len(choices) != len(draft.nominees) or any(len(one) != _ANSWERS + 1 for one in choices):
            raise MarksError(f"{len(draft.nominees)} x {_ANSWERS + 1}")
        said = ["yes" if yes else "no" if no else "none" for _, yes, no in choices]
    else:
        if len(choices) != 1 or len(choices[0]) < len(draft.nominees):
            raise MarksError(f"1 x {len(draft.nominees)}")
        said = ["yes" if one else "none" for one in choices[0][-len(draft.nominees) :]]
    return dict(zip(draft.nominees, said, strict=True))
