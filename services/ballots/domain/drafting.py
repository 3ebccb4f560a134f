"""Drafting a secret ballot (*phiếu kín*): its questions fit one ballot, its trustees can neither block nor collude."""

from __future__ import annotations

from datetime import datetime

from services.ballots.domain.elections import Election
from services.ballots.domain.eligibility import OFFICES
from services.ballots.domain.matter import Matter, member_fault, title_of
from services.ballots.domain.opening import places_of, roll_of
from services.ballots.domain.proving import GROUP, ballot_fault, trustees_in
from services.ballots.domain.state import Cycle
from thidua.contracts import Role
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.rulebook import Question
from thidua.deciding import Judgement, Own, Recorded, Refused
from thidua.refusals import Code
from thidua.voting import setup
from thidua.voting.ballots import MOST_BYTES, largest_ballot
from thidua.voting.canonical import hex_hash
from thidua.voting.faults import BallotFaultError
from thidua.voting.rounds import places

_LARGE_GROUP = 5
"""From so many holders on, a group must do without two of them."""


def judge_election_drafted(data: s.ElectionDrafted, matter: Matter, cycle: Cycle) -> Judgement:
    """
    Prepare a secret ballot; whether its matter may be voted on is judged when it is opened.

    With the keys of an earlier one the election is fixed at once.
    """
    if data.ballot in cycle.elections or data.ballot in cycle.ballots:
        return Refused(Code.ALREADY_DONE, {"what": f"ballot {data.ballot}"})
    rulebook = cycle.frame.rulebook
    if rulebook is None:
        return _state("no rulebook", "rulebook-adopted")
    question = next((q for q in rulebook.voting.questions if q.about == data.about), None)
    if question is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "question", "given": data.about})
    fault = (
        presiding_fault(data.conference, matter, cycle)
        or _nominees(data, matter)
        or _form(data, question, matter, cycle)
        or _trustees(data, matter, cycle)
        or _electorate(data, matter, cycle)
    )
    if fault is not None:
        return fault
    if data.keys_of is None:
        return Recorded()
    keys = cycle.elections[data.keys_of].keys
    return fixing(Election(data, matter.event.hash, keys), matter, cycle)


def presiding_fault(name: str | None, matter: Matter, cycle: Cycle) -> Refused | None:
    """The refusal of who does not lead the ballot: the conference's presiding unit, or chair or deputy."""
    conference = cycle.conferences.get(name or "")
    if conference is not None and conference.presiding is not None:
        if matter.event.unit == conference.presiding:
            return None
        return Refused(
            Code.ROLE_REQUIRED, {"required": ["presiding"], "held": sorted(matter.roles)}
        )
    if name is not None and conference is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "conference", "given": name})
    if {Role.CHAIR, Role.DEPUTY} & matter.roles:
        return None
    facts = {"required": ["chair", "deputy"], "held": sorted(matter.roles)}
    return Refused(Code.ROLE_REQUIRED, facts)


def opening_of(draft: s.ElectionDrafted, closes: datetime | None = None) -> b.BallotOpened:
    """The opening that a draft foresees."""
    return b.BallotOpened(
        ballot=draft.ballot,
        conference=draft.conference,
        about=draft.about,
        mode="secret",
        nominees=draft.nominees,
        for_year=draft.for_year,
        closes=closes,
        previous=draft.previous,
    )


def fixing(election: Election, matter: Matter, cycle: Cycle) -> Judgement:
    """With the last key: the election's text and fingerprint, from what stands in the log now."""
    keys, draft = election.keys, election.draft
    rulebook = cycle.frame.rulebook
    if rulebook is None:
        return _state("no rulebook", "rulebook-adopted")
    question = next(q for q in rulebook.voting.questions if q.about == draft.about)
    try:
        trustees = trustees_in(keys)
        text = setup.election_of(
            draft,
            setup.Frozen(
                subject=cycle.frame.subject,
                drafted_by=election.drafted_by,
                question=question,
                quorum=rulebook.voting.quorum,
                rulebook=rulebook.version,
                roll=sorted(roll_of(matter, cycle)),
                places=places_of(opening_of(draft), matter, cycle, question),
                round=_round(draft, cycle),
                names={code: _name(code, matter) for code in draft.nominees},
            ),
            trustees.election_key(GROUP),
        )
    except BallotFaultError as fault:
        return ballot_fault(fault)
    told = s.ElectionFixed(
        ballot=draft.ballot,
        uuid=draft.uuid,
        fingerprint=text.fingerprint,
        election=text.text,
        trustees=hex_hash(trustees.text),
    )
    return Recorded((Own(told, cycle.frame.subject),))


def _nominees(data: s.ElectionDrafted, matter: Matter) -> Refused | None:
    if len(set(data.nominees)) != len(data.nominees):
        return Refused(Code.OVERLAP, {"what": "nominees"})
    for nominee in data.nominees:
        if fault := member_fault(matter, nominee):
            return fault
    if data.about in OFFICES:
        return None
    title = title_of(matter, data.about)
    return title if isinstance(title, Refused) else None


def _form(
    data: s.ElectionDrafted, question: Question, matter: Matter, cycle: Cycle
) -> Refused | None:
    """Names are marked in a list where names are chosen; and the whole fits one entry of the log."""
    if question.form == "choose" and data.form == "each":
        return Refused(Code.MODE_WRONG, {"mode": "each", "needed": "list"})
    free = places_of(opening_of(data), matter, cycle, question)
    if free < 1:
        return _state(f"{free} places", "quota-set")
    asked = setup.questions_of(data.form, question, data.nominees, free)
    if largest_ballot(asked) <= MOST_BYTES:
        return None
    fits = setup.fitting(data.form, question, len(data.nominees), free)
    return Refused(Code.BALLOT_TOO_LONG, {"given": len(data.nominees), "fits": fits})


def _trustees(data: s.ElectionDrafted, matter: Matter, cycle: Cycle) -> Refused | None:
    """
    No key is missed when it is lost, and nobody holds enough of them alone.

    In each group one holder more than are needed (two more from five on); no organisation, with all its
    offices, satisfies every group; of a group's holders fewer than are needed stand themselves, unless
    another group has no nominee at all.
    """
    seen: set[tuple[str, str]] = set()
    for group in data.trustees:
        spare = len(group.holders) - group.threshold
        if spare < (2 if len(group.holders) >= _LARGE_GROUP else 1):
            shape = f"{group.threshold}/{len(group.holders)}"
            return _trustee_fault("1 to spare, 2 from 5 holders on", shape)
        for holder in group.holders:
            if (holder.source, holder.office) in seen:
                return Refused(Code.OVERLAP, {"what": f"{holder.source} {holder.office}"})
            seen.add((holder.source, holder.office))
            if holder.source == f"/authorities/{matter.registry.authority}":
                continue
            code = holder.source.rsplit("/", 1)[-1]
            if not holder.source.startswith("/units/"):
                return Refused(Code.REFERENCE_UNKNOWN, {"what": "trustee", "given": code})
            if fault := member_fault(matter, code):
                return fault
    for source in {source for source, _ in seen}:
        if all(
            sum(holder.source == source for holder in group.holders) >= group.threshold
            for group in data.trustees
        ):
            return _trustee_fault("no organisation opens votes alone", source)
    return _standing(data) or _kept_keys(data, cycle)


def _standing(data: s.ElectionDrafted) -> Refused | None:
    among = [
        sum(holder.source.removeprefix("/units/") in data.nominees for holder in group.holders)
        for group in data.trustees
    ]
    for group, nominees in zip(data.trustees, among, strict=True):
        if nominees >= group.threshold and 0 not in among:
            shape = f"{nominees} / {group.threshold}"
            return _trustee_fault("nominees fewer than the threshold", shape)
    return None


def _kept_keys(data: s.ElectionDrafted, cycle: Cycle) -> Refused | None:
    if data.keys_of is None:
        return None
    earlier = cycle.elections.get(data.keys_of)
    if earlier is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "election", "given": data.keys_of})
    if not earlier.keys.complete or earlier.keys.destroyed:
        return _state(f"keys of {data.keys_of} incomplete or destroyed", "trustee-committed")
    if earlier.keys.seats != places(data.trustees) or earlier.draft.trustees != data.trustees:
        return Refused(Code.OVERLAP, {"what": f"trustees, keys of {data.keys_of}"})
    return None


def _electorate(data: s.ElectionDrafted, matter: Matter, cycle: Cycle) -> Refused | None:
    """A secret needs company: as many members as the least number of votes that is opened."""
    if any(one.draft.uuid == data.uuid for one in cycle.elections.values()):
        return Refused(Code.ALREADY_DONE, {"what": f"uuid {data.uuid}"})
    roll = len(roll_of(matter, cycle))
    if roll < data.min_ballots:
        return Refused(Code.NO_QUORUM, {"present": roll, "needed": data.min_ballots})
    return None


def _round(draft: s.ElectionDrafted, cycle: Cycle) -> int:
    previous = cycle.ballots.get(draft.previous or "")
    ordered = previous.ordered if previous is not None else None
    return ordered.round if ordered is not None else 1


def _name(code: str, matter: Matter) -> str:
    """What a unit is called today."""
    known = [
        name.name_vi for name in matter.registry.units[code].names if name.valid_from <= matter.day
    ]
    return known[-1] if known else code


def _trustee_fault(rule: str, given: str) -> Refused:
    return Refused(Code.TRUSTEES_INVALID, {"rule": rule, "given": given})


def _state(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})
