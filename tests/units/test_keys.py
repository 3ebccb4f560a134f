"""Keys and delegates: proof of possession, use once ever, rotation, revocation; log and authorities."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import ORIGIN, accept, assert_refused
from thidua.contracts import units as u
from thidua.deciding import Recorded
from thidua.refusals import Code
from thidua.signing import Algorithm, SigningKey, possession_proof

if TYPE_CHECKING:
    from services.units.domain import Cycle
    from thidua.deciding import Judgement
    from thidua.testing.story import Story

AT = "2020-01-05 08:00"
FIRST, SECOND, THIRD = (SigningKey.generate(Algorithm.EDDSA) for _ in range(3))
ES256 = SigningKey.generate(Algorithm.ES256)


def key(
    kid: str, owner: str, signer: SigningKey = FIRST, *, origin: str = ORIGIN
) -> u.KeyRegistered:
    public = signer.verifying_key
    return u.KeyRegistered.model_validate(
        {
            "kid": kid,
            "owner": owner,
            "alg": str(public.alg),
            "spki": public.spki,
            "proof": possession_proof(signer, origin, kid),
        }
    )


def rotated(kid: str, new_kid: str, signer: SigningKey = SECOND) -> u.KeyRotated:
    public = signer.verifying_key
    return u.KeyRotated.model_validate(
        {
            "kid": kid,
            "new_kid": new_kid,
            "alg": str(public.alg),
            "spki": public.spki,
            "proof": possession_proof(signer, ORIGIN, new_kid),
        }
    )


def revoked(kid: str) -> u.KeyRevoked:
    return u.KeyRevoked(kid=kid, reason="Lộ khóa riêng")


def signed_by(story: Story[Cycle], kid: str, source: str, data: u.KeyRotated) -> Judgement:
    """The judgement on an event signed with a chosen key; recorded, it joins the story."""
    event = story.event(AT, source, data)._replace(kid=kid)
    judgement = story.judge.judge(event, story.fold.view(), event.rx)
    if isinstance(judgement, Recorded):
        story.fold.apply(event)
    return judgement


def with_key() -> Story[Cycle]:
    story = telling.with_units()
    accept(story, AT, year.MINISTRY, key("LCA/2020-1", "/units/LCA"))
    return story


@pytest.mark.parametrize("signer", [FIRST, ES256])
def test_the_authority_registers_a_key_with_its_proof_of_possession(signer: SigningKey) -> None:
    story = telling.with_units()

    accept(story, AT, year.MINISTRY, key("LCA/2020-1", "/units/LCA", signer))

    held = story.fold.registry(year.AUTHORITY).keys["LCA/2020-1"]
    assert (held.owner, held.spki, held.status) == (
        "/units/LCA",
        signer.verifying_key.spki,
        "active",
    )


def test_a_unit_does_not_register_keys() -> None:
    story = telling.with_units()

    judgement = story.when(AT, "/units/LCA", key("LCA/2020-1", "/units/LCA"))

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["authority"])


def test_a_name_of_a_key_is_used_once_ever() -> None:
    story = with_key()
    accept(story, AT, year.MINISTRY, revoked("LCA/2020-1"))

    judgement = story.when(AT, year.MINISTRY, key("LCA/2020-1", "/units/LCA", SECOND))

    assert_refused(judgement, Code.KEY_USED, kid="LCA/2020-1")


def test_key_material_is_used_once_ever() -> None:
    story = with_key()
    accept(story, AT, year.MINISTRY, revoked("LCA/2020-1"))

    judgement = story.when(AT, year.MINISTRY, key("LCH/2020-1", "/units/LCH"))

    assert_refused(judgement, Code.KEY_USED, kid="LCH/2020-1")


def test_a_key_is_not_used_again_under_another_authority() -> None:
    story = with_key()
    accept(story, AT, year.MINISTRY, u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp"))
    accept(story, AT, "/authorities/BTP", year.unit("STP-LC", "Lào Cai"), "BTP")

    used = key("LCA/2020-1", "/units/STP-LC", SECOND)
    assert_refused(story.when(AT, "/authorities/BTP", used, "BTP"), Code.KEY_USED)
    fresh = key("STP/2020-1", "/units/STP-LC", SECOND)
    accept(story, AT, "/authorities/BTP", fresh, "BTP")


@pytest.mark.parametrize("origin", ["other/log/p0", "sandbox/border/p1"])
def test_a_proof_made_for_another_log_does_not_hold(origin: str) -> None:
    story = telling.with_units()

    data = key("LCA/2020-1", "/units/LCA", origin=origin)

    assert_refused(story.when(AT, year.MINISTRY, data), Code.POSSESSION_UNPROVEN)


def test_a_proof_made_by_another_key_or_for_another_name_does_not_hold() -> None:
    story = telling.with_units()
    data = key("LCA/2020-1", "/units/LCA")
    foreign = data.model_copy(update={"proof": possession_proof(SECOND, ORIGIN, "LCA/2020-1")})
    renamed = data.model_copy(update={"kid": "LCA/2020-2"})
    garbled = data.model_copy(update={"proof": "A" * 61})

    for fault in (foreign, renamed, garbled):
        assert_refused(story.when(AT, year.MINISTRY, fault), Code.POSSESSION_UNPROVEN)


def test_a_key_that_does_not_fit_its_algorithm_is_invalid() -> None:
    story = telling.with_units()
    data = key("LCA/2020-1", "/units/LCA").model_copy(update={"alg": "ES256"})

    assert_refused(story.when(AT, year.MINISTRY, data), Code.KEY_INVALID, kid="LCA/2020-1")


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        ("/units/XYZ", Code.UNIT_UNKNOWN),
        ("/authorities/BTP", Code.REFERENCE_UNKNOWN),
        ("/services/weather", Code.REFERENCE_UNKNOWN),
    ],
)
def test_the_owner_of_a_key_must_exist(owner: str, code: Code) -> None:
    story = telling.with_units()

    assert_refused(story.when(AT, year.MINISTRY, key("K/1", owner)), code)


def test_services_get_their_keys_from_the_founding_authority_alone() -> None:
    story = telling.with_units()
    accept(story, AT, year.MINISTRY, u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp"))
    data = key("services/units-2", "/services/units")

    other = story.when(AT, "/authorities/BTP", data, "BTP")
    assert_refused(other, Code.ROLE_REQUIRED, required=["authority BVHTTDL"])
    accept(story, AT, year.MINISTRY, data)


def test_a_further_authority_gets_its_first_key_from_the_founding_authority() -> None:
    story = telling.with_units()
    early = story.when(AT, year.MINISTRY, key("BTP/2020-1", "/authorities/BTP"))
    assert_refused(early, Code.REFERENCE_UNKNOWN, what="authority")

    accept(story, AT, year.MINISTRY, u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp"))
    accept(story, AT, year.MINISTRY, key("BTP/2020-1", "/authorities/BTP"))


def test_only_the_founding_authority_establishes_authorities_and_each_once() -> None:
    story = telling.with_units()
    data = u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp")
    third = u.AuthorityEstablished(authority="BNV", name_vi="Bộ Nội vụ")
    accept(story, AT, year.MINISTRY, data)

    assert_refused(story.when(AT, year.MINISTRY, data), Code.ALREADY_DONE)
    judgement = story.when(AT, "/authorities/BTP", third, "BTP")
    assert_refused(judgement, Code.ROLE_REQUIRED, required=["authority BVHTTDL"])


def test_a_key_is_rotated_by_the_key_that_goes() -> None:
    story = with_key()

    judgement = signed_by(story, "LCA/2020-1", "/units/LCA", rotated("LCA/2020-1", "LCA/2020-2"))

    assert isinstance(judgement, Recorded)
    keys = story.fold.registry(year.AUTHORITY).keys
    assert (keys["LCA/2020-1"].status, keys["LCA/2020-2"].status) == ("rotated", "active")
    assert keys["LCA/2020-2"].owner == "/units/LCA"


def test_no_other_key_rotates_a_key() -> None:
    story = with_key()
    accept(story, AT, year.MINISTRY, key("LCA/2020-3", "/units/LCA", THIRD))
    data = rotated("LCA/2020-1", "LCA/2020-2")

    other_key = signed_by(story, "LCA/2020-3", "/units/LCA", data)
    assert_refused(other_key, Code.ROLE_REQUIRED, held=["LCA/2020-3"])
    unknown = signed_by(story, "LCA/9", "/units/LCA", rotated("LCA/9", "LCA/2020-2"))
    assert_refused(unknown, Code.REFERENCE_UNKNOWN, what="key", given="LCA/9")


def test_a_key_that_ended_is_not_rotated_and_not_revoked_again() -> None:
    story = with_key()
    accept(story, AT, year.MINISTRY, revoked("LCA/2020-1"))

    again = story.when(AT, year.MINISTRY, revoked("LCA/2020-1"))
    assert_refused(again, Code.ALREADY_DONE, what="key LCA/2020-1 revoked")
    late = signed_by(story, "LCA/2020-1", "/units/LCA", rotated("LCA/2020-1", "LCA/2020-2"))
    assert_refused(late, Code.STATE_FORBIDS, needed="active")


def test_a_key_is_revoked_by_its_owner_or_the_authority_and_nobody_else() -> None:
    story = with_key()
    accept(story, AT, year.MINISTRY, key("LCH/2020-1", "/units/LCH", SECOND))

    stranger = story.when(AT, "/units/LCH", revoked("LCA/2020-1"))
    assert_refused(stranger, Code.ROLE_REQUIRED, held=["/units/LCH"])
    accept(story, AT, "/units/LCA", revoked("LCA/2020-1"))
    accept(story, AT, year.MINISTRY, revoked("LCH/2020-1"))
    unknown = story.when(AT, year.MINISTRY, revoked("LCA/9"))
    assert_refused(unknown, Code.REFERENCE_UNKNOWN, given="LCA/9")


def test_the_authoritys_last_key_is_rotated_and_never_revoked() -> None:
    story = with_key()

    judgement = story.when(AT, year.MINISTRY, revoked("BVHTTDL/root"))
    assert_refused(judgement, Code.STATE_FORBIDS, needed="another active key")
    accept(story, AT, year.MINISTRY, key("BVHTTDL/2020-1", year.MINISTRY, SECOND))
    accept(story, AT, year.MINISTRY, revoked("BVHTTDL/root"))


def delegate(unit: str = "LCA", **changed: object) -> u.DelegateAppointed:
    given = {
        "unit": unit,
        "delegate": "giam-doc",
        "role_vi": "Giám đốc Sở",
        "commitment": "ab" * 32,
        "valid_from": date(2020, 1, 1),
    }
    return u.DelegateAppointed.model_validate({**given, **changed})


def test_a_unit_appoints_its_own_delegate_once_by_name() -> None:
    story = telling.with_units()

    for stranger in ("/units/LCH", year.MINISTRY):
        assert_refused(story.when(AT, stranger, delegate()), Code.ROLE_REQUIRED)
    ends_early = delegate(valid_to=date(2019, 12, 31))
    assert_refused(story.when(AT, "/units/LCA", ends_early), Code.DATE_INVALID)
    accept(story, AT, "/units/LCA", delegate())
    assert_refused(story.when(AT, "/units/LCA", delegate()), Code.ALREADY_DONE)


def clock(text: str) -> u.ClockAdvanced:
    return u.ClockAdvanced(to=datetime.fromisoformat(text))


def test_the_clock_is_advanced_in_a_sandbox_only() -> None:
    real = telling.founded(sandbox=False)
    judgement = real.when(AT, year.MINISTRY, clock("2021-01-01T00:00:00+00:00"))
    assert_refused(judgement, Code.STATE_FORBIDS, needed="sandbox")


@pytest.mark.parametrize("back", ["2020-12-31T23:59:59+00:00", "2022-01-01T00:00:00"])
def test_the_clock_never_goes_backwards_and_names_its_zone(back: str) -> None:
    story = telling.founded()
    accept(story, AT, year.MINISTRY, clock("2021-01-01T00:00:00+00:00"))

    assert_refused(story.when(AT, year.MINISTRY, clock(back)), Code.DATE_INVALID)
    assert story.fold.registry(year.AUTHORITY).clock == datetime(2021, 1, 1, tzinfo=UTC)


def test_the_clock_does_not_go_behind_what_has_arrived() -> None:
    story = telling.founded()

    judgement = story.when(AT, year.MINISTRY, clock("2020-01-05T00:59:59+00:00"))

    assert_refused(judgement, Code.DATE_INVALID)


def test_a_log_is_opened_once() -> None:
    story = telling.founded()

    judgement = story.when(AT, year.MINISTRY, telling.log_opened())

    assert_refused(judgement, Code.ALREADY_DONE)


def test_judge_versions_are_activated_one_by_one() -> None:
    story = telling.founded()
    story.given(AT, year.MINISTRY, u.JudgeActivated(service="units", version=1))

    def activate(service: str, version: int) -> Judgement:
        return story.when(AT, year.MINISTRY, u.JudgeActivated(service=service, version=version))

    assert_refused(activate("units", 1), Code.ALREADY_DONE)
    assert_refused(activate("units", 3), Code.STATE_FORBIDS, needed="units/2")
    assert_refused(activate("weather", 1), Code.REFERENCE_UNKNOWN, given="weather")
    assert isinstance(activate("units", 2), Recorded)


def test_a_restored_log_is_announced_by_the_founding_authority() -> None:
    story = telling.founded()
    accept(story, AT, year.MINISTRY, u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp"))
    restored = u.LogRestored(position=4711, reason="Mất ổ đĩa máy chủ")

    other = story.when(AT, "/authorities/BTP", restored, "BTP")
    assert_refused(other, Code.ROLE_REQUIRED)
    accept(story, AT, year.MINISTRY, restored)


def test_the_clock_does_not_go_behind_what_has_arrived_after_it_was_advanced() -> None:
    story = telling.founded()
    accept(story, AT, year.MINISTRY, clock("2020-02-01T00:00:00+00:00"))

    judgement = story.when("2020-03-01 08:00", year.MINISTRY, clock("2020-02-15T00:00:00+00:00"))

    assert_refused(judgement, Code.DATE_INVALID)
