"""The drill before an election opens: each trustee decrypts something that is no vote, so that its share is known to exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thidua.voting.canonical import hex_hash, members, parse, require_canonical, written
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof, knowledge_holds, prove_knowledge, read_proof
from thidua.voting.trustees import Trustees

if TYPE_CHECKING:
    from thidua.voting.group import Chance, Group


@dataclass(frozen=True, slots=True)
class Drill:
    """
    One trustee's factor for the drill's element, and the proof that its own key made it.

    The element is ``g^r`` with an r that everybody can compute: what is decrypted tells nobody anything,
    and no ciphertext of a ballot can be put in its place.
    """

    factor: int
    proof: Proof

    @property
    def text(self) -> str:
        """As it is sent."""
        return written({"factor": str(self.factor), "proof": self.proof.document()})


def pass_drill(group: Group, uuid: str, trustees: Trustees, secret: int, chance: Chance) -> Drill:
    """The drill of the trustee with *secret*, for the election *uuid* under these *trustees*."""
    element = _element(group, uuid, trustees)
    prefix = _prefix(uuid, trustees, group.secret_power(group.g, secret))
    proof = prove_knowledge(group, prefix, [group.g, element], secret, chance)
    return Drill(group.secret_power(element, secret), proof)


def read_drill(group: Group, uuid: str, trustees: Trustees, owner: int, text: str) -> Drill:
    """
    The drill in *text*, by trustee *owner* of *trustees*, its proof checked.

    Raises BallotFaultError whose path begins with the trustee's number.
    """
    path, keys = f"trustee {owner}", trustees.keys()
    if not 1 <= owner <= len(keys):
        raise BallotFaultError(path, f"a trustee from 1 to {len(keys)}", f"{owner}")
    read = members(parse(text, path), path, "factor", "proof")
    drill = Drill(
        group.element(read["factor"], f"{path}/factor"),
        read_proof(group, read["proof"], f"{path}/proof"),
    )
    require_canonical(text, parse(drill.text, path), path)
    public = keys[owner - 1]
    powers = [(group.g, public), (_element(group, uuid, trustees), drill.factor)]
    if not knowledge_holds(group, _prefix(uuid, trustees, public), powers, drill.proof):
        raise BallotFaultError(f"{path}/proof", "a proof that holds", "one that does not")
    return drill


def _element(group: Group, uuid: str, trustees: Trustees) -> int:
    exponent = group.challenge(f"drill-element|{uuid}|{hex_hash(trustees.text)}|", [])
    return group.power(group.g, exponent)


def _prefix(uuid: str, trustees: Trustees, public: int) -> str:
    return f"drill|{uuid}|{hex_hash(trustees.text)}|{public}|"
