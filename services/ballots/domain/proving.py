"""Records of a secret ballot as numbers: read once for all that is judged by them, and their faults as refusals."""

from __future__ import annotations

from functools import lru_cache

from services.ballots.domain.elections import Keys
from thidua.deciding import Refused
from thidua.refusals import Code
from thidua.voting import election as text
from thidua.voting.ballots import check_ballot, read_ballot
from thidua.voting.faults import BallotFaultError
from thidua.voting.group import BELENIOS_2048, Group
from thidua.voting.rounds import trustees_of
from thidua.voting.trustees import Trustees, read_trustees

GROUP: Group = BELENIOS_2048


@lru_cache(maxsize=32)
def election_in(election: str) -> text.Election:
    """The election in a text that stands in the log, made ready to check many votes."""
    return text.read_election(election).prepared()


@lru_cache(maxsize=256)
def credential_of(election: str, vote: str) -> str:
    """
    The credential under which *vote* was cast in *election*, every proof in it checked.

    Raises BallotFaultError. The dearest judgement of all (80 ms for the longest list), so a vote that is
    judged again because a head has moved is not checked again.
    """
    known = election_in(election)
    given = read_ballot(known, vote)
    check_ballot(known, given)
    return str(given.credential)


def trustees_in(keys: Keys) -> Trustees:
    """
    The trustees of a key generation that is complete, every signature and proof in it checked once more.

    Raises BallotFaultError.
    """
    known = trustees_of(GROUP, keys.seats, keys.published, keys.sealed, keys.confirmed)
    return _trustees(known.text)


@lru_cache(maxsize=32)
def _trustees(trustees: str) -> Trustees:
    return read_trustees(GROUP, trustees)


def ballot_fault(fault: BallotFaultError) -> Refused:
    """The refusal of a record: where, and what was expected; never a choice."""
    facts = {"path": fault.path, "expected": fault.expected, "given": fault.given}
    return Refused(Code.BALLOT_INVALID, facts)
