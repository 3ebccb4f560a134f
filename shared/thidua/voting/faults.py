"""What can be wrong with a record of a secret ballot: its form, its proofs or its place in the order."""

from __future__ import annotations

from thidua.errors import RejectError
from thidua.fact_words import expectation


class BallotFaultError(RejectError):
    """
    A record of a secret ballot is malformed, or a proof in it does not hold.

    *path* names the place (``ballot/answers/0/choices/1/alpha``); *given* never holds a choice or a secret.
    """

    def __init__(self, path: str, expected: str, given: str) -> None:
        super().__init__(f"{path}: {expectation(expected, given)}")
        self.path = path
        self.expected = expected
        self.given = given

    def diagnostics(self) -> str:
        """Say that the record cannot be mended by whoever received it."""
        return (
            "Bản ghi này không được tính; hãy lập lại từ đầu. / "
            "The record does not count; have its author make a new one."
        )
