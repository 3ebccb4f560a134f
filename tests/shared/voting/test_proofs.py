from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.voting.making import GROUP, chance
from thidua.voting.proofs import (
    Ciphertext,
    Opening,
    Proof,
    encrypt,
    knowledge_holds,
    one_of_holds,
    prove_knowledge,
    prove_one_of,
)

KEY = GROUP.power(GROUP.g, 1234567)
seeds = st.integers(0, 2**32)


@settings(max_examples=8)
@given(seeds)
def test_a_proof_of_knowledge_holds_and_no_change_of_anything_in_it_does(seed: int) -> None:
    draw = chance(seed)
    secret = draw(GROUP.q)
    powers = [(base, GROUP.power(base, secret)) for base in (GROUP.g, KEY)]
    proof = prove_knowledge(GROUP, "prefix|", [GROUP.g, KEY], secret, draw)
    assert knowledge_holds(GROUP, "prefix|", powers, proof)
    c, z = proof.challenge, proof.response
    (g, x), (y, other) = powers
    for prefix, said, given_proof in (
        ("another|", powers, proof),
        ("prefix|", powers, Proof((c + 1) % GROUP.q, z)),
        ("prefix|", powers, Proof(c, (z + 1) % GROUP.q)),
        ("prefix|", powers[:1], proof),
        ("prefix|", powers[::-1], proof),
        ("prefix|", [(g, x * g % GROUP.p), (y, other)], proof),
        ("prefix|", [(g, x), (y, other * g % GROUP.p)], proof),
    ):
        assert not knowledge_holds(GROUP, prefix, said, given_proof)


def test_the_key_proof_is_that_of_the_published_vector() -> None:
    public = GROUP.power(GROUP.g, 5)
    proof = prove_knowledge(GROUP, f"pok|{GROUP.name}|{public}|", [GROUP.g], 5, lambda _: 7)
    assert proof == Proof(
        36922444183779896948408153800049063583898716184318037872645554401663880390088,
        51102978834316170497742210437769032445970682853636194471302473751097467719890,
    )


@settings(max_examples=8)
@given(seeds, st.integers(0, 3), st.integers(0, 3))
def test_one_of_several_is_proven_whichever_is_true_and_no_change_holds(
    seed: int, number: int, at: int
) -> None:
    draw = chance(seed)
    opening = Opening(number, draw(GROUP.q))
    cipher = encrypt(GROUP, KEY, opening)
    proofs = prove_one_of(GROUP, KEY, "p|", [(opening, claim) for claim in range(4)], draw)
    branches = [(cipher, claim) for claim in range(4)]
    assert one_of_holds(GROUP, KEY, "p|", branches, proofs)
    changed = list(proofs)
    changed[at] = Proof(changed[at].challenge, (changed[at].response + 1) % GROUP.q)
    moved = list(proofs)
    moved[at] = Proof((moved[at].challenge + 1) % GROUP.q, moved[at].response)
    other = Ciphertext(cipher.alpha, cipher.beta * GROUP.g % GROUP.p)
    for prefix, said, given_proofs in (
        ("q|", branches, proofs),
        ("p|", branches, changed),
        ("p|", branches, moved),
        ("p|", branches, proofs[1:]),
        ("p|", branches[1:], proofs[1:]),
        ("p|", [(other, claim) for claim in range(4)], proofs),
        ("p|", [(cipher, claim + 1) for claim in range(4)], proofs),
    ):
        assert not one_of_holds(GROUP, KEY, prefix, said, given_proofs)


def test_a_false_statement_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no branch"):
        prove_one_of(GROUP, KEY, "p|", [(Opening(2, 5), 0), (Opening(2, 5), 1)], chance())


def test_a_proof_does_not_show_which_branch_was_true() -> None:
    # Both branches draw a challenge and a response of full size, the true one as well.
    for number in (0, 1):
        opening = Opening(number, 99)
        proofs = prove_one_of(GROUP, KEY, "p|", [(opening, 0), (opening, 1)], chance())
        sizes = [n.bit_length() for each in proofs for n in (each.challenge, each.response)]
        assert min(sizes) > 200
