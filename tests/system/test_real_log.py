"""A log that is no sandbox: arrivals are the server's, and time alone closes a ballot."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from services.founding import found, plan
from services.processes import System
from thidua.clock import format_instant, to_ms
from thidua.embedded import RedisServer
from thidua.publishing import DoorClient, Publisher, Reply
from thidua.signing import Algorithm, SigningKey, possession_proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORIGIN = "log.test/p0"
YEAR = datetime.now(UTC).year
CYCLE = f"BNV/KHOI/{YEAR}"
UNITS = ("SOA", "SOB", "SOC")


class Cluster:
    """Three units and their authority on a running system."""

    def __init__(self, system: System, root: SigningKey) -> None:
        self.system = system
        self.door = DoorClient(system.url("door"))
        self.speakers = {"BNV": Publisher(ORIGIN, "/authorities/BNV", "BNV/root", root)}
        self.speakers["BNV"].heads["units"] = self.door.head("BNV/root", "units")

    def say(self, who: str, name: str, data: dict[str, Any], subject: str = CYCLE) -> Reply:
        speaker = self.speakers[who]
        jws = speaker.sign(f"thidua.{name}.v1", subject, data)
        reply = self.door.send(jws, wait=10)
        if reply.in_log:
            speaker.entered(f"thidua.{name}.v1", jws)
        return reply

    def must(self, who: str, name: str, data: dict[str, Any], subject: str = CYCLE) -> None:
        reply = self.say(who, name, data, subject)
        assert reply.outcome == "recorded", reply.document

    def settled(self) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while not (status := self.door.status())["quiet"]:
            assert time.monotonic() < deadline, status
            time.sleep(0.01)
        return status


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("real")
    founding = plan(
        folder,
        origin=ORIGIN,
        authority="BNV",
        name_vi="Bộ",
        name_en=None,
        rx_ms=to_ms(datetime.now(UTC)),
    )
    valkey = RedisServer(folder / "valkey")
    valkey.start()
    environment = {
        "THIDUA_ORIGIN": ORIGIN,
        "THIDUA_REDIS_URL": valkey.url,
        "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'reporting.sqlite3'}",
    }
    with System(folder, environment, valkey) as system:
        asyncio.run(found(founding, valkey.url))
        system.start()
        cluster = Cluster(system, founding.root)
        prepare(cluster)
        yield cluster
        cluster.door.close()


def prepare(cluster: Cluster) -> None:
    since, basis = "2015-01-01", "QĐ 1"
    formed = {"cluster": "KHOI", "name_vi": "Khối", "valid_from": since, "basis": basis}
    cluster.must("BNV", "units.cluster-formed", formed, "BNV")
    for unit in UNITS:
        key = SigningKey.generate(Algorithm.ES256)
        kid = f"{unit}/1"
        data: dict[str, Any] = {
            "unit": unit,
            "name_vi": f"Sở {unit}",
            "short_vi": unit,
            "kind": "other",
            "province": unit,
            "valid_from": since,
            "basis": basis,
        }
        cluster.must("BNV", "units.unit-registered", data, "BNV")
        registered = {
            "kid": kid,
            "owner": f"/units/{unit}",
            "alg": "ES256",
            "spki": key.verifying_key.spki,
            "proof": possession_proof(key, ORIGIN, kid),
        }
        cluster.must("BNV", "units.key-registered", registered, "BNV")
        member = {"cluster": "KHOI", "unit": unit, "valid_from": since, "basis": basis}
        cluster.must("BNV", "units.membership-started", member, "BNV")
        cluster.speakers[unit] = Publisher(ORIGIN, f"/units/{unit}", kid, key)
    cluster.must("BNV", "units.cycle-opened", {})
    carried = {"office": "chair", "unit": "SOA", "elected_on": f"{YEAR - 1}-12-01", "basis": basis}
    cluster.must("BNV", "ballots.officer-carried-over", carried)
    half = {"num": 1, "den": 2, "op": "more-than"}
    rulebook = {
        "version": 1,
        "adopted_on": f"{YEAR}-01-01",
        "basis": basis,
        "scoring": {
            "total": "10",
            "step": "1",
            "criteria": [{"code": "A", "group": "A", "name_vi": "Nhiệm vụ", "maximum": "10"}],
        },
        "ties": [],
        "voting": {
            "quorum": {"num": 2, "den": 3},
            "self_vote": True,
            "written_opinions": False,
            "suspended_vote": True,
            "questions": [
                {
                    "about": "chair",
                    "form": "agree",
                    "threshold": half,
                    "base": "members",
                    "places": 1,
                }
            ],
        },
        "requirements": {},
    }
    cluster.must("SOA", "units.rulebook-adopted", rulebook)


def test_time_alone_closes_a_roll_call_and_a_later_vote_is_refused(cluster: Cluster) -> None:
    closes = datetime.now(UTC) + timedelta(seconds=2)
    opened = {
        "ballot": "truong",
        "about": "chair",
        "mode": "roll-call",
        "nominees": ["SOB"],
        "for_year": YEAR + 1,
        "closes": format_instant(closes),
    }
    cluster.must("SOA", "ballots.ballot-opened", opened)
    for unit in UNITS[:2]:
        cluster.must(unit, "ballots.vote-cast", {"ballot": "truong", "marks": {"SOB": "yes"}})
    before = cluster.door.status()["position"]

    deadline = time.monotonic() + 20
    while cluster.settled()["position"] < before + 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert datetime.now(UTC) >= closes

    late = cluster.say("SOC", "ballots.vote-cast", {"ballot": "truong", "marks": {"SOB": "no"}})
    assert late.document["code"] == "BALLOT_CLOSED"
    assert late.in_log


def test_a_real_log_takes_no_arrival_from_a_publisher(cluster: Cluster) -> None:
    jws = cluster.speakers["SOB"].sign("thidua.pledges.movement-launched.v1", CYCLE, {})
    reply = cluster.door.send(jws, arrival=datetime(2020, 1, 1, tzinfo=UTC))
    assert (reply.status, reply.in_log) == (400, False)


def test_the_clock_of_a_real_log_cannot_be_advanced(cluster: Cluster) -> None:
    to = {"to": format_instant(datetime.now(UTC) + timedelta(days=1))}
    reply = cluster.say("BNV", "units.clock-advanced", to, "BNV")
    assert reply.document["code"] == "STATE_FORBIDS"


def test_an_event_drained_from_a_publishers_own_stream_is_judged_like_one_over_http(
    cluster: Cluster,
) -> None:
    import redis  # noqa: PLC0415 - a publisher's client, used here alone

    access = {"unit": "SOC", "basis": "QĐ 2"}
    cluster.must("BNV", "units.access-granted", access, "BNV")
    speaker = cluster.speakers["SOC"]
    with redis.Redis.from_url(cluster.system.redis_url) as client:
        client.xadd("{p0}:in:SOC", {"other": "field"})
        client.xadd("{p0}:in:SOC", {"e": b"\xff\x00 garbage"})
        launch = {"about": "chair", "nominee": "SOB", "for_year": YEAR + 1}
        jws = speaker.sign("thidua.ballots.nomination-submitted.v1", CYCLE, launch)
        client.xadd("{p0}:in:SOC", {"e": jws})
        deadline = time.monotonic() + 20
        while (
            client.xlen("{p0}:in:SOC") or cluster.door.receipt(jws_hash(jws)).outcome != "recorded"
        ):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        answers = [
            fields for _, fields in client.xrange("{p0}:receipts:SOC") if b"answer" in fields
        ]
        assert len(answers) == 2
    speaker.entered("thidua.ballots.nomination-submitted.v1", jws)


def test_a_pledge_is_concluded_when_units_says_that_its_silent_member_has_left(
    cluster: Cluster,
) -> None:
    target = {"target": "x", "name_vi": "X", "measure": "%", "value": "1", "sense": "at-least"}
    draft = {"version": 1, "theme": "Giao ước", "text": "Cam kết", "targets": [target]}
    cluster.must("SOA", "pledges.pledge-drafted", draft)
    cluster.settled()
    for unit in ("SOA", "SOB"):
        answer = {"unit": unit, "version": 1, "signer_role": "Giám đốc"}
        cluster.must(unit, "pledges.pledge-signed", answer)
    before = cluster.settled()["position"]
    left = {"cluster": "KHOI", "unit": "SOC", "last_day": f"{YEAR - 1}-12-31", "basis": "QĐ 2"}

    cluster.must("BNV", "units.membership-ended", left, "BNV")

    deadline = time.monotonic() + 20
    while cluster.settled()["position"] < before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sent = cluster.say("SOA", "pledges.pledge-sent", {"version": 1})
    assert sent.outcome == "recorded", sent.document


def jws_hash(jws: str) -> str:
    from thidua.signing import parse_jws  # noqa: PLC0415 - used here alone

    return parse_jws(jws).hash
