"""
The hands of a secret ballot's trustees and voters, all in one process, for a sandbox that plays their parts.

Outside a sandbox each of them has a client of its own, and nobody holds what is held together here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from thidua.contracts import secret_ballots as s
from thidua.voting import rounds
from thidua.voting.ballots import make_ballot
from thidua.voting.canonical import hex_hash, written
from thidua.voting.credentials import (
    Credential,
    draw_credential,
    open_credential,
    prove_registration,
)
from thidua.voting.drill import pass_drill
from thidua.voting.election import Election
from thidua.voting.group import BELENIOS_2048, Chance
from thidua.voting.key_generation import Party, draw_party
from thidua.voting.proofs import Proof
from thidua.voting.questions import Choice
from thidua.voting.sealing import SealedShare, open_share, seal_share
from thidua.voting.tally import EncryptedTally, decrypt_partially
from thidua.voting.trustees import Trustees

GROUP = BELENIOS_2048.with_tables(BELENIOS_2048.g)


@dataclass(slots=True)
class Custody:
    """All trustees of one key generation, held for the election *uuid* of the draft."""

    draft: s.ElectionDrafted
    chance: Chance = field(repr=False)
    seats: tuple[rounds.Place, ...] = ()
    secrets: dict[int, int] = field(default_factory=dict, repr=False)
    trustees: Trustees | None = None
    _parties: dict[int, Party] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Draw every trustee."""
        self.seats = rounds.places(self.draft.trustees)
        self._parties = {
            seat.owner: draw_party(GROUP, seat.size, seat.threshold, seat.index, self.chance)
            for seat in self.seats
        }

    def source(self, owner: int) -> str:
        """Who publishes for trustee *owner*."""
        return self.seats[owner - 1].source

    @property
    def key(self) -> int:
        """The key that votes are encrypted under."""
        return self._known().election_key(GROUP)

    def key_generation(self) -> Iterator[s.TrusteeEvent]:
        """Every message of the four rounds, in an order in which they may arrive."""
        name = self.draft.ballot
        said = [
            s.TrusteePublished(
                ballot=name,
                owner=owner,
                certificate=written(party.certificate(self.chance).document()),
                coefexps=written(party.commitment(self.chance).document()),
            )
            for owner, party in self._parties.items()
        ]
        for one in said:
            yield s.TrusteeCommitted(
                ballot=name,
                owner=one.owner,
                certificate=hex_hash(one.certificate),
                coefexps=hex_hash(one.coefexps),
            )
        yield from said
        published = {one.owner: rounds.published(one, GROUP) for one in said}
        sealed = {seat.owner: self._sealed(seat, published) for seat in self.seats}
        yield from sealed.values()
        confirmed = {seat.owner: self._confirmed(seat, published, sealed) for seat in self.seats}
        yield from confirmed.values()
        by_owner = {one.owner: one for one in said}
        self.trustees = rounds.trustees_of(GROUP, self.seats, by_owner, sealed, confirmed)

    def drill(self, name: str, uuid: str, fingerprint: str, owner: int) -> s.TrusteeDrillPassed:
        """Trustee *owner* tries its share for the ballot *name*."""
        passed = pass_drill(GROUP, uuid, self._known(), self.secrets[owner], self.chance)
        return s.TrusteeDrillPassed(
            ballot=name,
            owner=owner,
            fingerprint=fingerprint,
            factor=str(passed.factor),
            proof=proof_of(passed.proof),
        )

    def decrypt(
        self, name: str, election: Election, tally: EncryptedTally, owner: int
    ) -> s.PartiallyDecrypted:
        """Trustee *owner* takes its part in opening *tally*."""
        given = decrypt_partially(election, tally, self.secrets[owner], self.chance)
        return s.PartiallyDecrypted(ballot=name, owner=owner, decryption=given.text)

    def _known(self) -> Trustees:
        if self.trustees is None:
            for _ in self.key_generation():
                pass
        trustees = self.trustees
        if trustees is None:
            msg = "no key generation"
            raise RuntimeError(msg)
        return trustees

    def _sealed(
        self, seat: rounds.Place, published: Mapping[int, rounds.Published]
    ) -> s.TrusteeSharesSealed:
        party = self._parties[seat.owner]
        peers = [published[owner] for owner in seat.peers]
        approval = party.approval([peer.certificate for peer in peers], self.chance)
        boxes = [
            seal_share(
                GROUP,
                self.draft.uuid,
                (seat.owner, owner),
                peer.reading_key,
                party.share_for(index),
                self.chance,
            )
            for index, (owner, peer) in enumerate(zip(seat.peers, peers, strict=True), 1)
        ]
        return s.TrusteeSharesSealed(
            ballot=self.draft.ballot,
            owner=seat.owner,
            approval=proof_of(approval),
            shares=tuple(s.SealedShare(ephemeral=str(b.ephemeral), box=b.box) for b in boxes),
        )

    def _confirmed(
        self,
        seat: rounds.Place,
        published: Mapping[int, rounds.Published],
        sealed: Mapping[int, s.TrusteeSharesSealed],
    ) -> s.TrusteeKeyConfirmed:
        party = self._parties[seat.owner]
        shares = []
        for owner in seat.peers:
            box = sealed[owner].shares[seat.index - 1]
            share = SealedShare(int(box.ephemeral), box.box)
            route = (owner, seat.owner)
            opened = open_share(GROUP, self.draft.uuid, route, party.reading_secret, share)
            shares.append(opened)
        peers = [published[owner].coefficients for owner in seat.peers]
        secret = self.secrets[seat.owner] = party.secret_key(shares, peers)
        key = party.member_key(secret, self.chance)
        return s.TrusteeKeyConfirmed(
            ballot=self.draft.ballot,
            owner=seat.owner,
            public_key=str(key.key.public),
            proof=proof_of(key.key.proof),
            signature=proof_of(key.signature),
        )


@dataclass(slots=True)
class Voters:
    """The voters of one election, each with a credential of its own."""

    name: str
    uuid: str
    chance: Chance = field(repr=False)
    credentials: dict[str, Credential] = field(default_factory=dict, repr=False)
    texts: list[str] = field(default_factory=list, repr=False)
    cast: dict[str, int] = field(default_factory=dict)

    def register(self, unit: str) -> s.CredentialRegistered:
        """*unit* registers a new credential."""
        text = draw_credential(self.chance)
        self.texts.append(text)
        credential = open_credential(GROUP, self.uuid, text)
        self.credentials[unit] = credential
        proof = prove_registration(GROUP, self.uuid, unit, credential, self.chance)
        return s.CredentialRegistered(
            ballot=self.name, credential=str(credential.public), proof=proof_of(proof)
        )

    def vote(self, unit: str, election: Election, choices: Sequence[Choice]) -> s.SecretVoteCast:
        """The next vote of *unit*."""
        ballot = make_ballot(election, self.credentials[unit], choices, self.chance)
        self.cast[unit] = self.cast.get(unit, 0) + 1
        return s.SecretVoteCast(
            ballot=self.name, vote=ballot.text, tracker=ballot.tracker, sequence=self.cast[unit]
        )


def proof_of(proof: Proof) -> s.Proof:
    """A proof as an event carries it."""
    return s.Proof(challenge=str(proof.challenge), response=str(proof.response))
