"""A trustee's next word in the generation of the keys, as far as the log has everybody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from thidua.contracts import secret_ballots as s
from thidua.errors import StopError
from thidua.voting.canonical import hex_hash
from thidua.voting.drill import pass_drill
from thidua.voting.group import BELENIOS_2048 as GROUP
from thidua.voting.rounds import Published, check_published, check_shares, published
from thidua.voting.sealing import SealedShare, open_share, seal_share

if TYPE_CHECKING:
    from thidua.contracts.base import EventData
    from thidua.custody.told import Told
    from thidua.custody.trustee import TrusteeDesk
    from thidua.voting.group import Chance
    from thidua.voting.key_generation import Party
    from thidua.voting.proofs import Proof
    from thidua.voting.rounds import Place
    from thidua.voting.trustees import Trustees


_TEXTS: Final = ("certificate", "coefexps")


class OtherKeysError(StopError):
    """The log holds other words of this trustee than were made here: somebody else speaks with its signing key."""

    def __init__(self, owner: int, what: str) -> None:
        super().__init__(
            f"người giữ khóa {owner}: sổ ghi {what} khác với máy này / the log holds another {what} of this trustee"
        )

    def diagnostics(self) -> str:
        """Say that the signing key may be in other hands."""
        return (
            "Khóa ký có thể đã lộ, hoặc khóa được tạo ở máy khác. Báo chủ trì; hủy cuộc bầu và làm lại. / "
            "The signing key may be in other hands, or the keys were made on another machine. Have the ballot voided."
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: *says* something to publish, or *waits* for these owners; neither when all is done."""

    says: EventData | None = None
    waits: tuple[int, ...] = ()


def next_step(keys: Told, place: Place, desk: TrusteeDesk, passphrase: str, chance: Chance) -> Step:
    """
    The next step of the trustee at *place* in the generation of the *keys*.

    Raises BallotFaultError naming the trustee whose word or share is wrong, :class:`OtherKeysError`, and
    ``WrongPassphraseError``.
    """
    shape = (place.size, place.threshold, place.index)
    desk.make(GROUP, keys.draft.uuid, shape, passphrase, chance)
    speaker = _Speaker(keys, place, desk, passphrase, chance)
    for said, speak in (
        (keys.committed, speaker.commit),
        (keys.published, speaker.publish),
        (keys.sealed, speaker.seal),
        (keys.confirmed, speaker.confirm),
    ):
        own = said.get(place.owner)
        if own is None:
            return Step(says=speak())
        if own != speak():
            raise OtherKeysError(place.owner, own.TYPE)
        missing = tuple(each.owner for each in keys.places if each.owner not in said)
        if missing:
            return Step(waits=missing)
    return Step()


def drilled(
    told: Told,
    trustees: Trustees,
    place: Place,
    desk: TrusteeDesk,
    passphrase: str,
    chance: Chance,
) -> s.TrusteeDrillPassed:
    """
    What the trustee at *place* publishes once it has confirmed the election: its share was used, on what is no vote.

    Raises ``NotConfirmedError`` before that, ``WrongPassphraseError``.
    """
    uuid = told.draft.uuid
    fingerprint = desk.record.confirmed(uuid)

    def make() -> str:
        passed = pass_drill(GROUP, uuid, trustees, desk.share(passphrase), chance)
        return s.TrusteeDrillPassed(
            ballot=told.draft.ballot,
            owner=place.owner,
            fingerprint=fingerprint,
            factor=str(passed.factor),
            proof=_proof(passed.proof),
        ).model_dump_json()

    return s.TrusteeDrillPassed.model_validate_json(desk.say(f"drill:{uuid}", make))


@dataclass(frozen=True, slots=True)
class _Speaker:
    keys: Told
    place: Place
    desk: TrusteeDesk
    passphrase: str
    chance: Chance

    @property
    def _named(self) -> dict[str, Any]:
        return {"ballot": self.keys.draft.ballot, "owner": self.place.owner}

    def commit(self) -> s.TrusteeCommitted:
        certificate, coefexps = (hex_hash(self.desk.text(name)) for name in _TEXTS)
        return s.TrusteeCommitted(**self._named, certificate=certificate, coefexps=coefexps)

    def publish(self) -> s.TrusteePublished:
        certificate, coefexps = (self.desk.text(name) for name in _TEXTS)
        return s.TrusteePublished(**self._named, certificate=certificate, coefexps=coefexps)

    def seal(self) -> s.TrusteeSharesSealed:
        return s.TrusteeSharesSealed.model_validate_json(self.desk.say("sealed", self._sealed))

    def confirm(self) -> s.TrusteeKeyConfirmed:
        return s.TrusteeKeyConfirmed.model_validate_json(
            self.desk.say("confirmed", self._confirmed)
        )

    def _peers(self) -> list[Published]:
        """What the members of the group published, checked against what all had committed to."""
        for each in self.keys.places:
            owner = each.owner
            check_published(GROUP, each, self.keys.committed[owner], self.keys.published[owner])
        return [published(self.keys.published[owner], GROUP) for owner in self.place.peers]

    def _sealed(self) -> str:
        peers, party = self._peers(), self._party()
        uuid, owner = self.keys.draft.uuid, self.place.owner
        shares = [
            seal_share(
                GROUP, uuid, (owner, to), peer.reading_key, party.share_for(index), self.chance
            )
            for index, (to, peer) in enumerate(zip(self.place.peers, peers, strict=True), 1)
        ]
        said = s.TrusteeSharesSealed(
            **self._named,
            approval=_proof(party.approval([each.certificate for each in peers], self.chance)),
            shares=tuple(
                s.SealedShare(ephemeral=str(each.ephemeral), box=each.box) for each in shares
            ),
        )
        return said.model_dump_json()

    def _confirmed(self) -> str:
        peers, party = self._peers(), self._party()
        uuid, owner = self.keys.draft.uuid, self.place.owner
        shares = []
        for sender in self.place.peers:
            sent = self.keys.sealed[sender]
            check_shares(GROUP, self.keys.places[sender - 1], peers, sent)
            box = sent.shares[self.place.index - 1]
            sealed = SealedShare(int(box.ephemeral), box.box)
            shares.append(open_share(GROUP, uuid, (sender, owner), party.reading_secret, sealed))
        secret = party.secret_key(shares, [each.coefficients for each in peers])
        self.desk.keep_share(secret, self.passphrase)
        made = party.member_key(secret, self.chance)
        said = s.TrusteeKeyConfirmed(
            **self._named,
            public_key=str(made.key.public),
            proof=_proof(made.key.proof),
            signature=_proof(made.signature),
        )
        return said.model_dump_json()

    def _party(self) -> Party:
        return self.desk.party(self.passphrase)


def _proof(proof: Proof) -> s.Proof:
    return s.Proof(**proof.document())
