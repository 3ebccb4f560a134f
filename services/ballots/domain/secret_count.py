"""The end of a secret ballot: the box closed and added up while still encrypted, the sum opened, or all of it void."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from services.ballots.domain.elections import Election
from services.ballots.domain.officers import Seat
from services.ballots.domain.outcome import decided, participants
from services.ballots.domain.proving import election_in, trustees_in
from services.ballots.domain.state import Ballot, Cycle
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.deciding import Own
from thidua.voting.setup import answers_of
from thidua.voting.tally import (
    EncryptedTally,
    add_choices,
    choices_in,
    open_tally,
    read_partial_decryption,
)


def close(
    ballot: Ballot, election: Election, cycle: Cycle, reason: Literal["deadline", "all-voted"]
) -> tuple[Own, ...]:
    """
    No vote counts after this: the encrypted sum of the votes that count.

    Void where too few voted: nothing is decrypted then, since few votes hide nothing (I6).
    """
    told: list[EventData] = [b.BallotClosed(ballot=ballot.name, reason=reason)]
    voted = participants(ballot)
    needed = max(ballot.quorum, election.draft.min_ballots)
    if voted < needed or election.fixed is None:
        few = f"Không đủ số phiếu để kiểm khi kết thúc: {voted} phiếu, cần {needed}"
        told.append(b.BallotVoided(ballot=ballot.name, reason=few))
    else:
        known = election_in(election.fixed.election)
        counted = [choices_in(votes[-1].vote) for votes in election.votes.values()]
        tally = add_choices(known, counted)
        told.append(s.TallyEncrypted(ballot=ballot.name, counted=tally.counted, tally=tally.text))
    return tuple(Own(data, cycle.frame.subject) for data in told)


def lapses(ballot: Ballot, election: Election) -> datetime | None:
    """When a count that is not opened becomes void; None unless it waits for trustees."""
    if not ballot.running or ballot.state != "closed" or ballot.closed_at is None:
        return None
    return ballot.closed_at + timedelta(hours=election.draft.decrypt_hours)


def lapsed(ballot: Ballot, election: Election, cycle: Cycle) -> tuple[Own, ...]:
    """The trustees did not come: the votes stay sealed, and the matter is voted on anew."""
    hours = election.draft.decrypt_hours
    late = f"Không đủ người giữ khóa kiểm phiếu trong {hours} giờ sau khi kết thúc"
    return (Own(b.BallotVoided(ballot=ballot.name, reason=late), cycle.frame.subject),)


def enough(election: Election) -> bool:
    """Whether of every group so many have decrypted as are needed."""
    seats = election.keys.seats
    return all(
        sum(owner in election.decrypted for owner in seat.peers) >= seat.threshold for seat in seats
    )


def published_result(
    election: Election, fixed: s.ElectionFixed, tally: EncryptedTally, cycle: Cycle, seat: Seat
) -> tuple[Own, ...]:
    """
    The sums opened, and all that follows from them as in every other mode.

    Raises BallotFaultError when what comes out is no number of votes.
    """
    ballot = cycle.ballots[election.draft.ballot]
    known, trustees = election_in(fixed.election), trustees_in(election.keys)
    given = {
        owner: read_partial_decryption(known, trustees, tally, owner, text)
        for owner, text in election.decrypted.items()
    }
    result = open_tally(known, trustees, tally, given)
    answers = answers_of(election.draft.form, ballot.nominees, result, tally.counted)
    published = b.TallyPublished(
        ballot=ballot.name,
        mode="secret",
        issued=len(ballot.roll),
        returned=tally.counted,
        valid=tally.counted,
        written=0,
        marks={
            unit: b.Answers(yes=yes, no=no, none=none) for unit, (yes, no, none) in answers.items()
        },
    )
    told = [
        s.ResultPublished(ballot=ballot.name, counted=tally.counted, result=result),
        published,
        *decided(ballot, cycle, seat, published, tally.counted),
    ]
    return tuple(Own(data, cycle.frame.subject) for data in told)
