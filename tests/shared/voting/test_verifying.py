from __future__ import annotations

import json
from copy import deepcopy
from hashlib import sha256

import pytest

from tests.shared.voting.forging import ATTACKS, ballot_dropped_before_the_log
from tests.shared.voting.making import RULE, VOTES, found
from thidua.contracts.base import Share
from thidua.voting.archive import ArchiveWriter, _entry, read_archive, roll_text
from thidua.voting.canonical import hex_hash, written
from thidua.voting.checking import jobs_for
from thidua.voting.election import draft_election, read_election
from thidua.voting.faults import BallotFaultError
from thidua.voting.questions import approve
from thidua.voting.rule import Rule, read_rule
from thidua.voting.tally import add_up
from thidua.voting.verifying import verify_archive

APPROVE = (approve("Danh hiệu?", ["A", "B"]),)
CHOICES = ((1, 0), (1, 1), (0, 0))


def held(shape=(1, (3, 2)), **more):
    """Three voters; the first voted twice, otherwise at first; closed and decrypted, not published."""
    election = found(3, APPROVE, shape, **more)
    election.cast(0, (0, 1))
    for voter, choice in enumerate(CHOICES):
        election.cast(voter, choice)
    election.close()
    return election


HELD = held()
for trustee in (4, 1, 2):
    HELD.decrypt(trustee)
HELD.publish()
WHOLE = bytes(HELD.writer)


def contents(raw: bytes = WHOLE) -> list[tuple[str, list[str]]]:
    """An archive as (type, texts): the payload last, before it what it names."""
    found_events: list[tuple[str, list[str]]] = []
    pending: list[str] = []
    for record in read_archive(raw).records:
        if record.kind == "data":
            pending.append(record.text)
        else:
            found_events.append((json.loads(record.text)["type"], pending))
            pending = []
    return found_events


def chained(events, *, stray: str = "") -> bytes:
    """The archive of *events*, well formed and chained, whatever they mean."""
    writer = ArchiveWriter(1_700_000_000)
    for kind, texts in events:
        digests = [writer._data(text) for text in texts]
        writer._event(kind, digests[-1] if digests else None)
    if stray:
        writer._data(stray)
    return bytes(writer)


def refused(events, path: str, **more) -> BallotFaultError:
    with pytest.raises(BallotFaultError) as caught:
        verify_archive(chained(events, **more))
    assert caught.value.path == path
    return caught.value


def again(events, at: int, **changes):
    """*events* with members of payload *at* changed."""
    events = deepcopy(events)
    kind, texts = events[at]
    texts[-1] = written(json.loads(texts[-1]) | changes)
    return [*events[:at], (kind, texts), *events[at + 1 :]]


def test_the_events_of_a_whole_election_are_these() -> None:
    kinds = [kind for kind, _ in contents()]
    decryptions = ["PartialDecryption"] * 3
    assert kinds == [
        "Setup",
        *["Ballot"] * 4,
        "EndBallots",
        "EncryptedTally",
        *decryptions,
        "Result",
    ]
    assert chained(contents()) == WHOLE


def test_a_whole_election_says_its_result_and_what_was_counted() -> None:
    verified = verify_archive(WHOLE)
    assert verified.result == HELD.result == ((2, 1),)
    assert (verified.state, verified.cast, verified.owners) == ("Result", 4, (1, 2, 4))
    assert verified.trackers == tuple(sorted(ballot.tracker for ballot in HELD.ballots[1:]))
    assert verified.roll == {each.public for each in HELD.credentials}
    assert verified.sha256 == sha256(WHOLE).hexdigest()
    assert verified.last_event == HELD.writer.last_event
    assert verified.election.rule == RULE


def test_every_beginning_of_an_election_verifies_too() -> None:
    events = contents()
    for length in (1, 3, 6, 7, 8):
        verified = verify_archive(chained(events[:length]))
        assert verified.state == events[length - 1][0]
        assert verified.result is None


def test_without_any_event_there_is_no_election() -> None:
    refused([], "archive")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_fraud_in_a_well_formed_archive_is_refused_where_it_stands(attack) -> None:
    with pytest.raises(BallotFaultError) as caught:
        verify_archive(bytes(attack().writer))
    assert caught.value.path == ATTACKS[attack]


def test_a_ballot_dropped_before_it_was_logged_is_missing_from_the_trackers() -> None:
    # No archive can show it: the voter's receipt with its tracker does.
    verified = verify_archive(bytes(ballot_dropped_before_the_log().writer))
    assert (verified.cast, len(verified.roll)) == (3, 4)


@pytest.mark.parametrize(
    ("order", "path"),
    [
        ([1], "event 0/type"),
        ([0, 5, 1], "event 2/type"),
        ([0, 1, 6], "event 2/type"),
        ([0, 5, 7], "event 2/type"),
        ([0, 1, 2, 3, 4, 5, 6, 10], "event 7/type"),
        ([0, 1, 2, 3, 4, 5, 6, 6], "event 7/type"),
        ([0, 1, 2, 3, 4, 5, 5], "event 6/type"),
    ],
)
def test_no_event_stands_out_of_order_or_twice(order: list[int], path: str) -> None:
    events = contents()
    refused([events[at] for at in order], path)


def test_a_ballot_under_a_credential_that_is_not_on_the_roll_is_refused() -> None:
    events = contents()
    stranger = deepcopy(events)
    _, texts = stranger[0]
    shorter = roll_text([each.public for each in HELD.credentials[1:]])
    setup = json.loads(texts[-1]) | {"credentials": hex_hash(shorter)}
    stranger[0] = ("Setup", [*texts[:2], shorter, written(setup)])
    refused(stranger, "ballot 1/credential")


def test_a_credential_stands_once_on_the_roll_sorted_and_without_weight() -> None:
    kind, texts = contents()[0]
    roll = json.loads(texts[2])
    for changed, path in (
        ([*roll, roll[-1]], "credentials"),
        (roll[::-1], "credentials"),
        ([f"{roll[0]},2", *roll[1:]], "credentials/0"),
        (["5", *roll], "credentials/0"),
        (["1", *roll], "credentials"),
    ):
        text = written(changed)
        setup = json.loads(texts[-1]) | {"credentials": hex_hash(text)}
        refused([(kind, [*texts[:2], text, written(setup)])], path)


def test_a_key_that_is_not_the_trustees_is_refused() -> None:
    kind, texts = contents()[0]
    election = json.loads(texts[0])
    election["public_key"] = str(HELD.trustees.keys()[0])
    text = written(election)
    setup = json.loads(texts[-1]) | {"election": hex_hash(text)}
    refused([(kind, [text, *texts[1:3], written(setup)])], "election/public_key")


def test_a_ballot_dropped_from_the_tally_alone_is_refused() -> None:
    events = contents()
    other = add_up(HELD.election, HELD.ballots[2:])
    refused(
        [*events[:6], ("EncryptedTally", [other.text, other.sized_text])], "event 6/num_tallied"
    )


@pytest.mark.parametrize("name", ["num_tallied", "total_weight"])
def test_the_number_of_ballots_must_be_right(name: str) -> None:
    refused(again(contents(), 6, **{name: 4}), f"event 6/{name}")


@pytest.mark.parametrize("owner", [0, 5, True, "1", None])
def test_an_owner_out_of_range_is_refused(owner: object) -> None:
    refused(again(contents(), 7, owner=owner), "event 7/owner")


def test_a_trustee_decrypts_once_and_only_in_its_own_name() -> None:
    events = contents()
    refused([*events[:8], events[7]], "event 8/owner")
    refused(again(events, 7, owner=3), "trustee 3/decryption_proofs/0/0")


def test_a_missing_trustee_leaves_the_result_unproven() -> None:
    events = contents()
    refused([*events[:8], events[9], events[10]], "trustees 1 to 1")
    refused([*events[:9], events[10]], "trustees 2 to 4")


def test_a_wrong_result_is_refused() -> None:
    refused(again(contents(), 10, result=[[3, 1]]), "result")


def test_a_record_to_which_nothing_refers_is_refused() -> None:
    refused(contents(), "archive", stray="{}")
    events = contents()
    events[3][1].insert(0, "{}")
    refused(events, "archive")


def test_an_event_names_the_one_before_and_its_height() -> None:
    _, texts = contents()[0]
    for member, value in (("parent", "ab" * 32), ("height", 7), ("more", 1)):
        writer = ArchiveWriter(1_700_000_000)
        payload = [writer._data(text) for text in texts][-1]
        event = {"height": 0, "type": "Setup", "payload": payload} | {member: value}
        text = written(event)
        raw = bytes(writer) + _entry(f"{hex_hash(text)}.event.json", text.encode(), 1_700_000_000)
        with pytest.raises(BallotFaultError) as caught:
            verify_archive(raw)
        assert caught.value.path.startswith("event 0")


def test_a_rule_changed_after_opening_breaks_every_ballot() -> None:
    kind, texts = contents()[0]
    election = json.loads(texts[0])
    election["x_rule"]["num"] = 5
    text = written(election)
    setup = json.loads(texts[-1]) | {"election": hex_hash(text)}
    changed = [(kind, [text, *texts[1:3], written(setup)]), *contents()[1:]]
    refused(changed, "ballot 1/election_hash")


def test_an_election_without_a_rule_is_refused() -> None:
    election = json.loads(HELD.election.text)
    del election["x_rule"]
    with pytest.raises(BallotFaultError) as caught:
        read_election(written(election))
    assert caught.value.path == "election/x_rule"


def test_the_roll_and_the_head_of_the_log_are_bound_into_the_fingerprint() -> None:
    facts = {"uuid": HELD.election.uuid, "name": "N", "key": HELD.election.key}
    plain = draft_election(**facts, questions=APPROVE, rule=RULE)
    bound = draft_election(**facts, questions=APPROVE, rule=RULE, more={"x_log_head": "ab" * 32})
    assert plain.fingerprint != bound.fingerprint
    with pytest.raises(BallotFaultError):
        draft_election(**facts, questions=APPROVE, rule=RULE, more={"log_head": "ab" * 32})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"version": 2}, "election/version"),
        ({"group": "RFC-3526-2048"}, "election/group"),
        ({"public_key": "1"}, "election/public_key"),
        ({"public_key": "5"}, "election/public_key"),
        ({"uuid": "short"}, "election/uuid"),
        ({"uuid": "0" * 14}, "election/uuid"),
        ({"name": 5}, "election/name"),
        ({"name": "\ud800"}, "election"),
        ({"questions": []}, "election/questions"),
        ({"questions": [{"answers": ["A"], "min": 0, "max": 2, "question": "Q"}]}, "election/questions/0/max"),
        ({"questions": [{"answers": ["A"], "min": 2, "max": 1, "question": "Q"}]}, "election/questions/0/min"),
        ({"questions": [{"answers": [], "min": 0, "max": 1, "question": "Q"}]}, "election/questions/0/answers"),
        ({"questions": [{"answers": ["A", "A"], "min": 0, "max": 1, "question": "Q"}]}, "election/questions/0/answers"),
        ({"questions": [{"answers": ["A"], "min": 0, "max": 1, "question": "Q", "blank": 1}]}, "election/questions/0/blank"),
        ({"x_rule": {}}, "election/x_rule/base"),
        ({"x_rule": RULE.document() | {"base": "all"}}, "election/x_rule/base"),
        ({"x_rule": RULE.document() | {"op": "<"}}, "election/x_rule/op"),
        ({"x_rule": RULE.document() | {"den": 0}}, "election/x_rule/den"),
        ({"x_rule": RULE.document() | {"num": 11}}, "election/x_rule/num"),
    ],
)  # fmt: skip
def test_a_malformed_election_is_refused_where_it_is_wrong(change, path: str) -> None:
    with pytest.raises(BallotFaultError) as caught:
        read_election(written(json.loads(HELD.election.text) | change))
    assert caught.value.path == path


@pytest.mark.parametrize("op", ["at-least", "more-than"])
def test_a_rule_is_read_as_it_was_written(op) -> None:
    rule = Rule("valid", Share(num=1, den=2, op=op), Share(num=1, den=1), "rank", 3, 2)
    assert read_rule(rule.document(), "x_rule") == rule


def test_all_question_forms_count_to_the_sums_of_the_votes() -> None:
    election = found(3)
    for voter in range(3):
        election.cast(voter, *VOTES[voter])
    election.close()
    election.decrypt(1)
    sums = [
        [sum(column) for column in zip(*rows, strict=True)] for rows in zip(*VOTES[:3], strict=True)
    ]
    assert [list(row) for row in election.publish()] == sums


def test_several_processes_find_the_same_and_name_the_same_fault() -> None:
    assert verify_archive(WHOLE, jobs=2) == verify_archive(WHOLE)
    events = contents()
    ballot = json.loads(events[3][1][0])
    response = ballot["signature"]["proof"]
    response["response"] = str(int(response["response"]) ^ 1)
    events[3] = ("Ballot", [written(ballot)])
    with pytest.raises(BallotFaultError) as caught:
        verify_archive(chained(events), jobs=2)
    assert caught.value.path == "ballot 3/signature/proof"


def test_processes_are_started_only_for_many_ballots() -> None:
    assert [jobs_for(ballots) for ballots in (0, 31, 63)] == [1, 1, 1]
    assert jobs_for(10_000) >= 1
