"""Keys: used once, owned by one, valid in the order of the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.errors import KeyUsedError
from thidua.keys import ChainEnd, KeyRing, KeyStatus
from thidua.signing import Algorithm, SigningKey, parse_jws, sign

ROOT = "BVHTTDL/root"
END = ChainEnd("units", 12, "a" * 43)


def ring_of(*kids: str) -> KeyRing:
    ring = KeyRing()
    for kid in kids:
        ring = ring.with_key(
            kid=kid,
            owner="/units/SLA",
            alg="ES256",
            spki=f"material of {kid}",
            registered_by=ROOT,
        )
    return ring


def test_a_registered_key_is_active_and_knows_who_registered_it() -> None:
    ring = ring_of("SLA/1")

    key = ring.active("SLA/1")

    assert key is not None
    assert (key.owner, key.alg, key.registered_by) == ("/units/SLA", Algorithm.ES256, ROOT)
    assert ring.active("SLA/2") is None


def test_registering_leaves_the_ring_before_as_it_was() -> None:
    before = ring_of("SLA/1")

    before.with_key(kid="SLA/2", owner="/units/SLA", alg="EdDSA", spki="other", registered_by=ROOT)

    assert list(before) == ["SLA/1"]
    assert before == ring_of("SLA/1")


def test_a_key_name_is_used_once_ever() -> None:
    ring = ring_of("SLA/1").revoked("SLA/1", revoked_by=ROOT)

    assert not ring.is_free("SLA/1", "new material")
    with pytest.raises(KeyUsedError, match="name"):
        ring.with_key(kid="SLA/1", owner="/units/SLA", alg="ES256", spki="new", registered_by=ROOT)


@pytest.mark.parametrize("owner", ["/units/SLA", "/units/LCA"])
@pytest.mark.parametrize("alg", Algorithm)
def test_key_material_is_used_once_ever_by_anybody_and_for_any_algorithm(
    owner: str, alg: Algorithm
) -> None:
    ring = ring_of("SLA/1").revoked("SLA/1", revoked_by=ROOT)

    assert not ring.is_free("NEW/1", "material of SLA/1")
    with pytest.raises(KeyUsedError, match="material"):
        ring.with_key(
            kid="NEW/1", owner=owner, alg=alg, spki="material of SLA/1", registered_by=ROOT
        )


def test_rotation_retires_the_old_key_and_the_new_one_has_the_same_owner() -> None:
    ring = ring_of("SLA/1").rotated(
        "SLA/1", new_kid="SLA/2", alg="EdDSA", spki="new material", ends=(END,)
    )

    assert ring.active("SLA/1") is None
    assert ring["SLA/1"].status is KeyStatus.RETIRED
    assert ring["SLA/1"].replaced_by == "SLA/2"
    assert ring["SLA/1"].ends == (END,)
    new = ring.active("SLA/2")
    assert new is not None
    assert (new.owner, new.registered_by) == ("/units/SLA", "SLA/1")


def test_a_key_cannot_rotate_to_its_own_material() -> None:
    with pytest.raises(KeyUsedError):
        ring_of("SLA/1").rotated("SLA/1", new_kid="SLA/2", alg="ES256", spki="material of SLA/1")


def test_a_retired_key_may_still_be_revoked_and_keeps_where_its_chains_ended() -> None:
    ring = (
        ring_of("SLA/1")
        .rotated("SLA/1", new_kid="SLA/2", alg="ES256", spki="new", ends=(END,))
        .revoked("SLA/1", revoked_by=ROOT)
    )

    assert ring["SLA/1"].status is KeyStatus.REVOKED
    assert ring["SLA/1"].ends == (END,)
    assert ring.active("SLA/2") is not None


def test_all_keys_of_an_owner_are_found_in_order() -> None:
    ring = ring_of("SLA/2", "SLA/1").with_key(
        kid="LCA/1", owner="/units/LCA", alg="ES256", spki="x", registered_by=ROOT
    )

    assert [key.kid for key in ring.of("/units/SLA")] == ["SLA/2", "SLA/1"]


def test_a_key_of_the_ring_verifies_what_it_signed() -> None:
    private = SigningKey.generate(Algorithm.ES256)
    ring = KeyRing().with_key(
        kid="SLA/1",
        owner="/units/SLA",
        alg=private.alg,
        spki=private.verifying_key.spki,
        registered_by=ROOT,
    )

    parse_jws(sign(b"{}", private, "SLA/1")).verify(ring["SLA/1"].verifying_key)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["register", "rotate", "revoke"]),
            st.integers(0, 5),
            st.integers(0, 5),
        ),
        max_size=30,
    )
)
def test_no_history_ever_brings_a_key_back_or_uses_anything_twice(
    history: list[tuple[str, int, int]],
) -> None:
    ring = KeyRing()
    gone: set[str] = set()
    for act, number, material in history:
        kid, spki = f"k{number}", f"m{material}"
        try:
            if act == "register":
                ring = ring.with_key(
                    kid=kid, owner="/units/A1", alg="ES256", spki=spki, registered_by=ROOT
                )
            elif act == "rotate" and (active := next(filter(ring.active, ring), None)):
                ring = ring.rotated(active, new_kid=kid, alg="ES256", spki=spki)
                gone.add(active)
            elif act == "revoke" and kid in ring:
                ring = ring.revoked(kid, revoked_by=ROOT)
                gone.add(kid)
        except KeyUsedError:
            assert not ring.is_free(kid, spki)

        assert not any(ring.active(kid) for kid in gone)
        assert len({key.spki for key in ring.values()}) == len(ring)
