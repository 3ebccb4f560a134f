"""Desks for tests: a cheap passphrase, chance that is the same in every run, and a process that dies when told."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.shared.voting.making import GROUP, Held, found
from thidua.custody.sealing import Cost
from thidua.custody.trustee import TrusteeDesk
from thidua.custody.voter import VoterDesk
from thidua.voting.group import Chance
from thidua.voting.key_generation import Party
from thidua.voting.questions import approve
from thidua.voting.trustees import Pedersen, Trustees

CHEAP = Cost(memory_kib=32, rounds=1, lanes=1)
PASSPHRASE = "bốn từ không ai đoán"
QUESTION = (approve("Danh hiệu?", ["A", "B"]),)


class Killed(BaseException):
    """The process is killed."""


def draw(count: int) -> bytes:
    return Random(count).randbytes(count)


def dying(after: int, seed: int = 1) -> Chance:
    """Chance that kills the process at its draw number *after*."""
    left, random = after, Random(seed)

    def below(bound: int) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return random.randrange(bound)

    return below


def trustee(folder: Path) -> TrusteeDesk:
    return TrusteeDesk(folder, draw, CHEAP)


def voter(folder: Path) -> VoterDesk:
    return VoterDesk(folder, draw, CHEAP)


def opened(voters: int = 3) -> Held:
    """An election that is open, with one key of a single trustee."""
    return found(voters, QUESTION)


def seated(folder: Path, held: Held) -> TrusteeDesk:
    """The desk of the trustee of *held*, its share kept and the election not yet confirmed."""
    desk = trustee(folder)
    desk.make(GROUP, held.election.uuid, (3, 2, 1), PASSPHRASE, Random(1).randrange)
    desk.keep_share(held.secrets[1], PASSPHRASE)
    return desk


def together(parties: list[Party], chance: Chance) -> tuple[list[int], Trustees]:
    """What a key generation among *parties* comes to."""
    certificates = [party.certificate(chance) for party in parties]
    exponents = [party.exponents() for party in parties]
    secrets = [
        party.secret_key([sender.share_for(party.index) for sender in parties], exponents)
        for party in parties
    ]
    group = Pedersen(
        parties[0].threshold,
        tuple(certificates),
        tuple(party.commitment(chance) for party in parties),
        tuple(party.approval(certificates, chance) for party in parties),
        tuple(
            party.member_key(secret, chance) for party, secret in zip(parties, secrets, strict=True)
        ),
    )
    return secrets, Trustees((group,))
