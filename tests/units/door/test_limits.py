"""What the door asks of clients beside the signature, and what it does when there is too much."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.units.admission import NotAdmittedError
from services.units.door_settings import DoorSettings
from services.units.limits import BURST_SECONDS, Client, Proofs, Rates, bearer, read_tokens
from tests.units.door.house import AUTHORITY, REAL, House, a_house, deciding, until
from thidua.errors import SettingsError
from thidua.refusals import Code
from thidua.signing import Algorithm

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "k9-f3xq-very-long-token"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def charged(rates: Rates, publisher: str = "SOA", size: int = 1) -> int:
    """0 when an event passes, else after how many seconds to come back."""
    try:
        rates.charge(publisher, size, "h")
    except NotAdmittedError as error:
        return int(str(error.facts["seconds"])) if error.code is Code.RATE_LIMITED else -1
    return 0


def test_a_publisher_sends_a_burst_and_then_as_much_as_its_rate() -> None:
    clock = Clock()
    rates = Rates(events=2, clock=clock)

    assert [charged(rates) for _ in range(2 * BURST_SECONDS)] == [0] * 2 * BURST_SECONDS
    assert charged(rates) == 1
    clock.now += 1
    assert [charged(rates), charged(rates), charged(rates)] == [0, 0, 1]


def test_one_publishers_rate_is_not_anothers() -> None:
    rates = Rates(events=1, clock=Clock())
    for _ in range(BURST_SECONDS):
        charged(rates)

    assert charged(rates) > 0
    assert charged(rates, "SOB") == 0


def test_bytes_are_limited_too_and_a_large_event_waits_for_a_full_bucket() -> None:
    clock = Clock()
    rates = Rates(bytes=10, clock=clock)

    assert charged(rates, size=60_000) == 0
    assert charged(rates, size=60_000) == 60_000 / 10, "until it is paid back and the bucket full"
    clock.now += 1e6
    assert charged(rates, size=60_000) == 0


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=60))
def test_never_more_than_a_burst_and_the_rate_passes(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    rates = Rates(bytes=20, clock=clock)
    passed = 0
    for pause, size in steps:
        clock.now += pause
        passed += size if charged(rates, size=size) == 0 else 0
        assert passed <= 20 * BURST_SECONDS + 20 * (clock.now - 1000.0) + 1e-6


@given(st.integers(0, 100_000))
def test_without_a_limit_everything_passes(size: int) -> None:
    assert charged(Rates(clock=Clock()), size=size) == 0


def proven(proofs: Proofs, client: Client, publisher: str = "SOA") -> bool:
    try:
        proofs.check(publisher, client, "h")
    except NotAdmittedError as error:
        return error.code is not Code.CLIENT_UNPROVEN
    return True


def test_a_publisher_with_a_token_must_show_one_of_its_own() -> None:
    proofs = Proofs(read_tokens(f"# note\n\nSOA {TOKEN}\nSOA {TOKEN}-new\nSOB other-{TOKEN}\n"))

    assert proven(proofs, Client(TOKEN))
    assert proven(proofs, Client(f"{TOKEN}-new"))
    for wrong in (None, "", f"other-{TOKEN}", TOKEN.upper()):
        assert not proven(proofs, Client(wrong))
    assert proven(proofs, Client(), "SOC"), "who is not named needs none"


@pytest.mark.parametrize(
    ("subject", "whose"),
    [
        ("CN=SOA", True),
        ("CN=SOA,OU=Thi đua,O=Sở A,C=VN", True),
        ("O=Sở A,CN=SOA", True),
        ("CN=SOB", False),
        (r"O=x\,CN=SOA,CN=SOB", False),
        ("CN=SOB,CN=SOA", False),
        ("OU=SOA", False),
        ("/O=x/CN=SOA", False),
        ("rubbish", False),
        ("", False),
        (None, False),
    ],
)
def test_a_certificate_speaks_for_the_one_publisher_in_its_common_name(
    subject: str | None, whose: bool
) -> None:
    assert proven(Proofs(subjects=True), Client(subject=subject)) is whose


@given(st.text())
def test_no_subject_whatever_does_harm(subject: str) -> None:
    assert not proven(Proofs(subjects=True), Client(subject=subject), "a code nobody has")


@pytest.mark.parametrize("line", ["SOA", "SOA short", f"SOA {TOKEN} more"])
def test_a_line_of_tokens_that_cannot_be_read_is_named_and_not_quoted(line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        _ = DoorSettings(origin=REAL, publisher_tokens=SecretStr(f"\n{line}")).proofs
    assert "line 2" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_signing_key_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match="THIDUA_SIGNING_KEY"):
        _ = DoorSettings(origin=REAL, signing_key=SecretStr("no key")).key


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc", "abc"), ("Basic abc", None), ("", None), (None, None)],
)
def test_a_bearer_token_is_read_from_its_header(header: str | None, token: str | None) -> None:
    assert bearer(header) == token


async def test_too_many_events_are_answered_429_and_never_refused_in_the_log(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, origin=REAL, judges=("units",), rate_events=1) as house:
        events = [new_unit(house) for _ in range(BURST_SECONDS + 2)]
        stranger = house.publisher("SOX", Algorithm.EDDSA).sign(
            "thidua.units.unit-registered.v1", AUTHORITY, {}
        )

        batch = await house.post(json.dumps([*events, stranger]))
        single = await house.post(events[-1])

        told = [one["http_status"] for one in batch.json()["results"]]
        assert told[:BURST_SECONDS] == [200] * BURST_SECONDS
        assert told[BURST_SECONDS + 1 :] == [429, 401]
        assert (single.status_code, single.json()["code"]) == (429, "RATE_LIMITED")
        assert int(single.headers["retry-after"]) == single.json()["facts"]["seconds"] >= 1
        assert all(entry.is_recorded for entry in await house.entries())


async def test_a_token_or_certificate_is_asked_for_beside_the_signature(tmp_path: Path) -> None:
    tokens = SecretStr(f"{AUTHORITY} {TOKEN}")
    asked = {"publisher_tokens": tokens, "client_subject_header": "X-Client-Subject"}
    async with a_house(tmp_path, origin=REAL, judges=("units",), **asked) as house:
        event = house.new_unit()
        right = {"authorization": f"Bearer {TOKEN}", "x_client_subject": f"CN={AUTHORITY}"}

        for missing in right:
            given = {name: value for name, value in right.items() if name != missing}
            answer = await house.post(event, **given)
            assert (answer.status_code, answer.json()["code"]) == (401, "CLIENT_UNPROVEN")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert await house.log.pending("units") == 0
        assert (await house.post(event, **right)).json()["outcome"] == "recorded"


async def test_when_a_service_is_far_behind_the_door_is_busy_and_stores_nothing_more(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, origin=REAL, max_waiting=3) as house:
        events = [new_unit(house) for _ in range(4)]

        stored = [await house.post(event, wait=None) for event in events[:3]]
        full = await house.post(events[3], wait=None)
        batch = await house.post(json.dumps(events), wait=None)
        elsewhere = house.sign(
            AUTHORITY, "thidua.pledges.movement-launched.v1", {}, subject="BNV/KHOI-3/2024"
        )
        other = await house.post(elsewhere, wait=None)

        assert [answer.status_code for answer in stored] == [202] * 3
        for answer in (full, batch):
            assert (answer.status_code, answer.json()["code"]) == (503, "BUSY")
            assert int(answer.headers["retry-after"]) > 0
        assert other.status_code == 202, "another service's inbox has room"
        assert await house.log.pending("units") == 3
        async with deciding(house, "units"):
            await until(lambda: judged(house), "units has caught up")
            for event in events[2:]:
                assert (await house.post(event)).json()["outcome"] == "recorded"


async def judged(house: House) -> bool:
    return await house.log.pending("units") == 0


def new_unit(house: House) -> str:
    event = house.new_unit()
    house.moved(AUTHORITY, event)
    return event
