"""A vote of the longest list that may be drafted passes the door, fits an entry and a bundle of the archive."""

from __future__ import annotations

import json
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from services.scenarios.hands import GROUP, Custody, Voters
from tests.ballots.secret.phieu_kin import draft
from thidua.contracts import secret_ballots as s
from thidua.contracts.base import Share
from thidua.contracts.envelope import read_envelope
from thidua.contracts.rulebook import Question
from thidua.log.entry import MAX_ENTRY_BYTES, read_entry, write_recorded, write_refused
from thidua.outbox import MOST_DATA
from thidua.signing import MAX_TOKEN_BYTES, Algorithm, SigningKey, parse_jws, sign
from thidua.tlog.tiles import read_bundle, write_bundle
from thidua.voting.election import draft_election
from thidua.voting.rule import Rule
from thidua.voting.setup import choices_of, fitting, questions_of

CODES = tuple(f"TINH-{at:03}" for at in range(40))
HALF = Share(num=1, den=2)
AGREE = Question(about="bang-khen-bo", form="agree", threshold=HALF, base="valid")
CHOOSE = Question(about="co-bo", form="choose", threshold=HALF, base="valid", places=40)


@pytest.mark.parametrize(
    ("form", "question", "least"),
    [("each", AGREE, 7), ("list", AGREE, 20), ("list", CHOOSE, 20)],
    ids=["each", "list", "choose"],
)
def test_the_longest_vote_passes_door_log_and_archive(
    form: str, question: Question, least: int
) -> None:
    number = fitting(form, question, len(CODES), 40)
    assert number >= least
    nominees = CODES[:number]
    draw = Random(3).randrange
    hands = Custody(draft(), draw)
    list(hands.key_generation())
    assert hands.trustees is not None
    election = draft_election(
        uuid=hands.draft.uuid,
        name="BVHTTDL/BGPB/2020/phieu-kin",
        key=hands.trustees.election_key(GROUP),
        questions=questions_of(form, question, nominees, number),
        rule=Rule("valid", HALF, HALF),
    ).prepared()
    voters = Voters("phieu-kin-" + "a" * 38, hands.draft.uuid, draw)
    voters.register("LCA")
    marks = dict.fromkeys(nominees, "yes")
    vote = voters.vote("LCA", election, choices_of(form, question, nominees, marks))
    jws = signed(vote)

    assert len(vote.model_dump_json()) <= MOST_DATA
    assert len(jws) <= MAX_TOKEN_BYTES
    parsed = parse_jws(jws)
    assert read_envelope(parsed.payload).data == vote
    facts = {
        "path": "ballot/answers/23/choices/1/alpha" * 3,
        "expected": "a" * 120,
        "given": "b" * 120,
    }
    recorded = write_recorded(1_605_927_600_000, "ballots/1", jws.encode())
    refused = write_refused(1_605_927_600_000, "ballots/1", "BALLOT_INVALID", facts, jws.encode())
    for raw in (recorded, refused):
        assert len(raw) <= MAX_ENTRY_BYTES
        assert read_entry(1, raw).raw == raw
        assert read_bundle(write_bundle([raw]), 1, "x000") == [raw]


def signed(vote: s.SecretVoteCast) -> str:
    """The event as the largest key would sign it, with every member that an envelope may have."""
    payload = {
        "specversion": "1.0",
        "id": "i" * 64,
        "source": "/units/" + "A" * 16,
        "type": vote.TYPE,
        "subject": "BVHTTDL/BGPB/2020",
        "time": "2020-11-21T10:03:00.000000+07:00",
        "datacontenttype": "application/json",
        "aud": "sandbox/" + "a" * 60,
        "seq": 1_000_000,
        "prev": "A" * 43,
        "seen": {"size": 10**9, "root": "A" * 43},
        "data": vote.model_dump(mode="json"),
    }
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    key = SigningKey(Algorithm.RS256, generate_private_key(65537, 4096))
    return sign(text, key, "A" * 16 + "/1")
