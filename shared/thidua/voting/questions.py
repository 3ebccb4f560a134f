"""Question forms: agree, disagree or no opinion on each nominee; pick at most k; chair and deputy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from thidua.voting.canonical import integer, items, kind_of, members, string
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

Choice: TypeAlias = tuple[int, ...]
"""One 0 or 1 per answer; where the question may be left blank, the blank's stands first."""

MOST_ANSWERS: Final = 200
MOST_QUESTIONS: Final = 200
AGREE: Final = "Đồng ý"
DISAGREE: Final = "Không đồng ý"
CHAIR: Final = "Bầu Cụm trưởng"
DEPUTY: Final = "Bầu Cụm phó"


@dataclass(frozen=True, slots=True)
class Question:
    """
    *least* to *most* of *answers* may be chosen; with *blank* none at all, said on purpose, as well.

    A question that may be left blank counts as a choice more, in front of the answers.
    """

    text: str
    answers: tuple[str, ...]
    least: int
    most: int
    blank: bool = False

    @property
    def width(self) -> int:
        """How many numbers a choice has, and how many sums the result."""
        return len(self.answers) + self.blank

    def document(self) -> dict[str, object]:
        """As it is written in the election."""
        blank = {"blank": True} if self.blank else {}
        limits = {"min": self.least, "max": self.most}
        return {"answers": list(self.answers), **blank, **limits, "question": self.text}

    def allows(self, choice: Choice) -> bool:
        """Whether *choice* answers this question by its own rule."""
        if len(choice) != self.width or not set(choice) <= {0, 1}:
            return False
        if self.blank and choice[0]:
            return sum(choice) == 1
        return self.least <= sum(choice) <= self.most


def on_each(nominees: Sequence[str]) -> tuple[Question, ...]:
    """The form with full minutes: per nominee agree, disagree, or no opinion (blank)."""
    return tuple(Question(name, (AGREE, DISAGREE), 1, 1, blank=True) for name in nominees)


def approve(text: str, nominees: Sequence[str]) -> Question:
    """The short form: agree with any number of *nominees*."""
    return Question(text, tuple(nominees), 0, len(nominees))


def at_most(text: str, nominees: Sequence[str], most: int) -> Question:
    """Pick one to *most* of *nominees*, or none on purpose."""
    return Question(text, tuple(nominees), 1, most, blank=True)


def chair_and_deputy(nominees: Sequence[str]) -> tuple[Question, Question]:
    """Two questions over the same *nominees*, one name at most for each office."""
    return at_most(CHAIR, nominees, 1), at_most(DEPUTY, nominees, 1)


def read_questions(value: Any, path: str) -> tuple[Question, ...]:
    """The questions in *value*. Raises BallotFaultError, also for limits that nobody could keep."""
    listed = items(value, path)
    if not 0 < len(listed) <= MOST_QUESTIONS:
        raise BallotFaultError(path, f"1 to {MOST_QUESTIONS} questions", f"{len(listed)}")
    return tuple(_question(each, f"{path}/{at}") for at, each in enumerate(listed))


def _question(value: object, path: str) -> Question:
    read = members(value, path, "answers", "min", "max", "question", optional=("blank",))
    answers = tuple(
        string(each, f"{path}/answers/{at}")
        for at, each in enumerate(items(read["answers"], f"{path}/answers"))
    )
    if not 0 < len(answers) <= MOST_ANSWERS:
        raise BallotFaultError(f"{path}/answers", f"1 to {MOST_ANSWERS}", f"{len(answers)}")
    if len(set(answers)) != len(answers):
        raise BallotFaultError(f"{path}/answers", "different answers", "one of them twice")
    blank = read.get("blank", False)
    if not isinstance(blank, bool):
        raise BallotFaultError(f"{path}/blank", "true or false", kind_of(blank))
    most = integer(read["max"], f"{path}/max", 1, len(answers))
    least = integer(read["min"], f"{path}/min", 0, most)
    return Question(string(read["question"], f"{path}/question"), answers, least, most, blank)
