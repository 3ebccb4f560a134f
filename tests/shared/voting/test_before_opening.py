from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.shared.voting.changing import fault_in, malformed_changes, misshapen, plausible_changes
from tests.shared.voting.making import GROUP, appoint, chance
from thidua.voting.canonical import written
from thidua.voting.credentials import (
    Credential,
    check_registration,
    draw_credential,
    open_credential,
    prove_registration,
)
from thidua.voting.drill import pass_drill, read_drill
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof

UUID = "1" * 14
SECRETS, TRUSTEES = appoint((1, (2, 2)), chance())


def drill(owner: int) -> str:
    return pass_drill(GROUP, UUID, TRUSTEES, SECRETS[owner], chance(owner)).text


@pytest.mark.parametrize("owner", [1, 2, 3])
def test_every_trustee_with_its_share_passes_the_drill(owner: int) -> None:
    assert read_drill(GROUP, UUID, TRUSTEES, owner, drill(owner)).text == drill(owner)


def test_no_single_field_of_a_drill_can_be_changed_and_its_trustee_is_named() -> None:
    document = json.loads(drill(2))
    for place, text in [*plausible_changes(document), *malformed_changes(document)]:
        fault = fault_in(read_drill, GROUP, UUID, TRUSTEES, 2, text)
        assert str(fault).startswith("trustee 2"), place
    for place, changed in misshapen(document):
        assert fault_in(read_drill, GROUP, UUID, TRUSTEES, 2, written(changed)), place


def test_a_drill_is_of_one_trustee_one_election_and_one_key_generation() -> None:
    text, others = drill(2), replace(TRUSTEES, items=TRUSTEES.items[::-1])
    for uuid, trustees, owner in (
        (UUID, TRUSTEES, 1),
        (UUID, TRUSTEES, 4),
        (UUID, TRUSTEES, 0),
        ("2" * 14, TRUSTEES, 2),
        (UUID, others, 1),
    ):
        assert fault_in(read_drill, GROUP, uuid, trustees, owner, text)


def registered() -> tuple[Credential, Proof]:
    credential = open_credential(GROUP, UUID, draw_credential(chance()))
    return credential, prove_registration(GROUP, UUID, "LCA", credential, chance())


def test_a_credential_is_registered_by_the_member_that_holds_it() -> None:
    credential, proof = registered()
    check_registration(GROUP, UUID, "LCA", credential.public, proof)


def test_a_registration_cannot_be_copied_to_another_member_election_or_credential() -> None:
    credential, proof = registered()
    for uuid, member, public, shown in (
        (UUID, "HGI", credential.public, proof),
        ("2" * 14, "LCA", credential.public, proof),
        (UUID, "LCA", GROUP.g, proof),
        (UUID, "LCA", credential.public, replace(proof, response=proof.response ^ 1)),
        (UUID, "LCA", credential.public, replace(proof, challenge=proof.challenge ^ 1)),
    ):
        with pytest.raises(BallotFaultError):
            check_registration(GROUP, uuid, member, public, shown)


def test_the_credential_that_anybody_holds_is_no_credential() -> None:
    nobody = Credential(0, 1)
    proof = prove_registration(GROUP, UUID, "LCA", nobody, chance())
    with pytest.raises(BallotFaultError):
        check_registration(GROUP, UUID, "LCA", 1, proof)
