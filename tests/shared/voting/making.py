"""Whole elections for tests, with chance that is the same in every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from thidua.contracts.base import Share
from thidua.voting.archive import ArchiveWriter, roll_text
from thidua.voting.ballots import Ballot, make_ballot
from thidua.voting.credentials import Credential, draw_base58, draw_credential, open_credential
from thidua.voting.election import Election, draft_election
from thidua.voting.group import BELENIOS_2048, Chance
from thidua.voting.key_generation import draw_party
from thidua.voting.questions import approve, at_most, on_each
from thidua.voting.rule import Rule
from thidua.voting.tally import (
    EncryptedTally,
    PartialDecryption,
    Result,
    add_up,
    decrypt_partially,
    last_of_each,
    open_tally,
)
from thidua.voting.trustees import Pedersen, Trustees, public_key_of

RULE = Rule("members", Share(num=9, den=10), Share(num=2, den=3))
GROUP = BELENIOS_2048.with_tables(BELENIOS_2048.g)
FORMS = (
    approve("Danh hiệu?", ["A", "B", "C"]),
    *on_each(["Bằng khen cho X?"]),
    at_most("Bầu Cụm trưởng, Cụm phó?", ["X", "Y", "Z", "T"], 2),
)
VOTES = (
    ((1, 0, 1), (0, 1, 0), (0, 1, 1, 0, 0)),
    ((1, 1, 1), (0, 0, 1), (0, 0, 0, 0, 1)),
    ((0, 0, 0), (1, 0, 0), (1, 0, 0, 0, 0)),
    ((1, 0, 1), (0, 1, 0), (0, 1, 0, 1, 0)),
    ((0, 1, 0), (0, 1, 0), (0, 1, 0, 0, 0)),
    ((1, 1, 0), (0, 0, 1), (0, 0, 0, 1, 1)),
    ((1, 0, 0), (0, 1, 0), (0, 0, 1, 0, 0)),
)


def chance(seed: int = 7) -> Chance:
    return Random(seed).randrange


def generate(size: int, threshold: int, draw: Chance) -> tuple[list[int], Pedersen]:
    """The whole key generation of a group, all members in one process."""
    parties = [draw_party(GROUP, size, threshold, at, draw) for at in range(1, size + 1)]
    certificates = [party.certificate(draw) for party in parties]
    exponents = [party.exponents() for party in parties]
    secrets = [
        party.secret_key([sender.share_for(party.index) for sender in parties], exponents)
        for party in parties
    ]
    keys = zip(parties, secrets, strict=True)
    return secrets, Pedersen(
        threshold,
        tuple(certificates),
        tuple(party.commitment(draw) for party in parties),
        tuple(party.approval(certificates, draw) for party in parties),
        tuple(party.member_key(secret, draw) for party, secret in keys),
    )


def appoint(shape, draw: Chance) -> tuple[dict[int, int], Trustees]:
    """*shape*: per item 1 for a single trustee, (n, k) for a group; the secrets by owner."""
    secrets: list[int] = []
    items = []
    for item in shape:
        if item == 1:
            secret = draw(GROUP.q)
            secrets.append(secret)
            items.append(public_key_of(GROUP, secret, draw))
        else:
            group_secrets, pedersen = generate(*item, draw)
            secrets += group_secrets
            items.append(pedersen)
    return dict(enumerate(secrets, 1)), Trustees(tuple(items))


@dataclass
class Held:
    """An election in progress; every step is also written into the archive."""

    election: Election
    trustees: Trustees
    secrets: dict[int, int]
    texts: list[str]
    credentials: list[Credential]
    writer: ArchiveWriter
    draw: Chance
    ballots: list[Ballot] = field(default_factory=list)
    decryptions: dict[int, PartialDecryption] = field(default_factory=dict)
    tally: EncryptedTally | None = None
    result: Result | None = None

    def cast(self, voter: int, *choices: tuple[int, ...]) -> Ballot:
        ballot = make_ballot(self.election, self.credentials[voter], choices, self.draw)
        self.ballots.append(ballot)
        self.writer.ballot(ballot.text)
        return ballot

    def close(self) -> None:
        self.tally = add_up(self.election, last_of_each(self.ballots))
        self.writer.end_ballots()
        self.writer.encrypted_tally(self.tally)

    def decrypt(self, owner: int) -> None:
        given = decrypt_partially(self.election, self.tally, self.secrets[owner], self.draw)
        self.decryptions[owner] = given
        self.writer.partial_decryption(owner, given)

    def publish(self) -> Result:
        self.result = open_tally(self.election, self.trustees, self.tally, self.decryptions)
        self.writer.result(self.result)
        return self.result


def found(voters: int, questions=FORMS, shape=(1,), seed: int = 7, more=None) -> Held:
    """An election that is open: nobody has voted."""
    draw = chance(seed)
    secrets, trustees = appoint(shape, draw)
    election = draft_election(
        uuid=draw_base58(14, draw),
        name="Bỏ phiếu kín",
        key=trustees.election_key(GROUP),
        questions=questions,
        rule=RULE,
        more=more,
    ).prepared()
    texts = [draw_credential(draw) for _ in range(voters)]
    credentials = [open_credential(GROUP, election.uuid, text) for text in texts]
    writer = ArchiveWriter(1_700_000_000)
    roll = roll_text([each.public for each in credentials])
    writer.setup(election.text, trustees.text, roll)
    return Held(election, trustees, secrets, texts, credentials, writer, draw)
