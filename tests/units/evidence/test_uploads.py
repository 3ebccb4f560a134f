"""Uploads at the door: gone on with, held against their hash and type, and refused by name."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from services.units.evidence.spool import Spool
from services.units.evidence.store import StoreFullError
from tests.units.door.house import CYCLE, House
from tests.units.evidence.files import EICAR, EXE, PNG, pdf
from tests.units.evidence.sender import TUS, UPLOADS, Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

pytestmark = pytest.mark.asyncio(loop_scope="module")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_the_door_says_what_its_uploads_can_do(house: House) -> None:
    answer = await house.http.options(UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,checksum,termination,expiration"
    assert answer.headers["tus-max-size"] == "2000000"
    assert "sha1" in answer.headers["tus-checksum-algorithm"]
    limits = (await house.http.get("/v1/evidence")).json()
    assert (limits["max_file"], limits["scanned"]) == (2_000_000, True)


async def test_a_file_sent_in_parts_over_a_broken_line_is_whole_and_recorded(
    sender: Sender,
) -> None:
    content = pdf(1_500_000, "parts")
    place = (await sender.begin(content)).headers["location"]
    assert await sender.offset(place, content) == 0
    first = await sender.part(place, content, 0, 400_000)
    assert (first.status_code, first.headers["upload-offset"]) == (204, "400000")

    async def breaks_off() -> AsyncIterator[bytes]:
        yield content[400_000:700_000]
        raise ConnectionError

    headers = {"content-type": "application/offset+octet-stream", "upload-offset": "400000"}
    with pytest.raises(ConnectionError):
        await sender.house.http.patch(
            place, content=breaks_off(), headers={**sender.said(content), **headers}
        )
    again = await sender.begin(content)
    assert again.headers["location"] == place
    have = await sender.offset(place, content)
    assert 400_000 <= have <= 700_000
    last = await sender.part(place, content, have)
    assert last.status_code == 204, last.text
    told = await sender.becomes(place, content, "recorded")
    assert told["position"] > 0
    assert await sender.offset(place, content) == len(content)
    fetched = await sender.fetch(sha256(content))
    assert fetched.content == content
    assert fetched.headers["content-disposition"].startswith("attachment")


async def test_a_part_goes_on_where_the_last_one_ended_and_nowhere_else(sender: Sender) -> None:
    content = pdf(1000, "offset")
    place = (await sender.begin(content)).headers["location"]
    ahead = await sender.part(place, content, 10, 10)
    assert (ahead.status_code, ahead.json()["code"]) == (409, "UPLOAD_OFFSET")
    assert ahead.headers["tus-resumable"] == "1.0.0"
    assert (await sender.part(place, content, 0, 10)).status_code == 204
    twice = await sender.part(place, content, 0, 10)
    assert (twice.status_code, twice.json()["facts"]["expected"]) == (409, 10)


async def test_a_file_that_is_not_the_declared_one_is_refused_and_may_be_sent_anew(
    sender: Sender,
) -> None:
    content = pdf(1000, "declared")
    place = (await sender.begin(content)).headers["location"]
    said = sender.said(content)
    headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    other = await sender.house.http.patch(
        place, content=pdf(1000, "another"), headers={**said, **headers}
    )
    assert (other.status_code, other.json()["code"]) == (422, "EVIDENCE_HASH_MISMATCH")
    assert "Báo cáo.pdf" in other.json()["detail_vi"]
    told = (await sender.house.http.get(place, headers=said)).json()
    assert told["problem"]["code"] == "EVIDENCE_HASH_MISMATCH"
    assert (await sender.house.http.head(f"/v1/evidence/{sha256(content)}")).status_code == 404
    answer, place = await sender.put(content)
    assert answer.status_code == 204
    await sender.becomes(place, content, "recorded")


async def test_a_damaged_part_is_dropped_by_its_checksum_and_a_sound_one_stays(
    sender: Sender,
) -> None:
    content = pdf(5000, "checksum")
    place = (await sender.begin(content)).headers["location"]
    for algorithm in ("sha1", "sha256"):
        digest = base64.b64encode(hashlib.new(algorithm, b"other").digest()).decode()
        bad = await sender.part(place, content, 0, 100, upload_checksum=f"{algorithm} {digest}")
        assert (bad.status_code, bad.json()["code"]) == (460, "UPLOAD_CHECKSUM")
        assert await sender.offset(place, content) == 0
    digest = base64.b64encode(hashlib.sha256(content[:100]).digest()).decode()
    good = await sender.part(place, content, 0, 100, upload_checksum=f"sha256 {digest}")
    assert (good.status_code, await sender.offset(place, content)) == (204, 100)
    for wrong in ("md5 AAAA", "sha1 ====", "sha256"):
        answer = await sender.part(place, content, 100, 10, upload_checksum=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "UPLOAD_INVALID")


async def test_more_bytes_than_declared_are_refused(sender: Sender) -> None:
    content = pdf(1000, "more")
    place = (await sender.begin(content)).headers["location"]
    headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    answer = await sender.house.http.patch(
        place, content=content + b"x", headers={**sender.said(content), **headers}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "EVIDENCE_TOO_LARGE")


async def test_too_large_and_too_much_are_refused_before_a_byte_is_sent(sender: Sender) -> None:
    large = await sender.begin(b"", size=2_000_001, hash="1" * 64)
    assert (large.status_code, large.json()["code"]) == (413, "EVIDENCE_TOO_LARGE")
    other = Sender(sender.house, "SOB")
    answers = [await other.begin(b"", size=2_000_000, hash=f"{n}" * 64) for n in range(2, 7)]
    assert [answer.status_code for answer in answers] == [201] * 4 + [413]
    assert answers[-1].json()["code"] == "EVIDENCE_QUOTA"
    place = answers[0].headers["location"]
    said = other.said(b"", size=2_000_000, hash="2" * 64)
    assert (await other.house.http.delete(place, headers=said)).status_code == 204
    assert (await other.house.http.head(place, headers=said)).status_code == 404
    assert (await other.begin(b"", size=2_000_000, hash="6" * 64)).status_code == 201
    for digit in "3456":
        said = other.said(b"", size=2_000_000, hash=digit * 64)
        begun = await other.begin(b"", size=2_000_000, hash=digit * 64)
        await other.house.http.delete(begun.headers["location"], headers=said)


@pytest.mark.parametrize(
    ("content", "name"), [(EXE, "bao-cao.pdf"), (PNG, "bao-cao.pdf"), (b"text", "bao-cao.docx")]
)
async def test_a_file_whose_bytes_are_not_what_its_name_says_is_refused(
    sender: Sender, content: bytes, name: str
) -> None:
    answer, _ = await sender.put(content, name=name)
    assert (answer.status_code, answer.json()["code"]) == (415, "EVIDENCE_TYPE")


@pytest.mark.parametrize("name", ["setup.exe", "bao-cao.doc", "x.zip"])
async def test_an_ending_that_is_not_taken_is_refused_at_once(sender: Sender, name: str) -> None:
    answer = await sender.begin(b"any", name=name)
    assert (answer.status_code, answer.json()["code"]) == (415, "EVIDENCE_TYPE")


@pytest.mark.parametrize("name", ["../../../etc/cron.d/x.pdf", "a\\b.pdf", "x\u202e.pdf", ".pdf"])
async def test_a_name_with_a_path_in_it_is_refused(sender: Sender, name: str) -> None:
    answer = await sender.begin(b"any", name=name)
    assert (answer.status_code, answer.json()["code"]) == (400, "UPLOAD_INVALID")


@pytest.mark.parametrize(
    "address", ["..%2F..%2Fetc", "%00", "A" * 32, "0" * 31, "0" * 32, "a" * 5000]
)
async def test_an_address_that_is_no_uploads_is_not_found(sender: Sender, address: str) -> None:
    said = sender.said(b"any")
    for method in ("HEAD", "GET", "PATCH", "DELETE"):
        headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
        answer = await sender.house.http.request(
            method, f"{UPLOADS}/{address}", headers={**said, **headers}
        )
        assert answer.status_code == 404, (method, answer.text)


async def test_an_infected_file_is_deleted_and_never_shown(sender: Sender) -> None:
    content = pdf(500, "bad") + EICAR
    answer, place = await sender.put(content)
    assert answer.status_code == 204
    told = await sender.becomes(place, content, "refused")
    assert told["problem"]["code"] == "EVIDENCE_INFECTED"
    assert (await sender.house.http.head(f"/v1/evidence/{sha256(content)}")).status_code == 404
    assert (await sender.fetch(sha256(content))).status_code == 404


def statement_faults(sender: Sender) -> list[tuple[dict[str, str], str]]:
    now = int(time.time())
    content = b"any"
    foreign = Sender(sender.house, "SOC").said(content, unit="SOA")
    event = sender.house.sign("SOA", "thidua.units.report-submitted.v1", {})
    valid = sender.said(content)["authorization"]
    return [
        ({}, "UPLOAD_INVALID"),
        ({"authorization": "Basic YTpi"}, "UPLOAD_INVALID"),
        ({"authorization": f"Thidua {event}"}, "HEADER_INVALID"),
        ({"authorization": "Thidua ..."}, "JWS_MALFORMED"),
        ({"authorization": f"{valid[:-6]}AAAAAA"}, "SIGNATURE_INVALID"),
        (foreign, "SOURCE_WRONG"),
        (sender.said(content, aud="so.khac/p0"), "AUDIENCE_WRONG"),
        (sender.said(content, exp=now - 3600), "STATEMENT_EXPIRED"),
        (sender.said(content, exp=now + 9 * 86400), "STATEMENT_EXPIRED"),
        (sender.said(content, subject="BNV/KHOI-9/2023"), "UPLOAD_FORBIDDEN"),
        (sender.said(content, subject="XXX/KHOI-3/2023"), "UPLOAD_FORBIDDEN"),
    ]


async def test_a_statement_that_does_not_hold_is_refused_by_name(sender: Sender) -> None:
    for headers, code in statement_faults(sender):
        answer = await sender.house.http.post(
            UPLOADS, headers={**headers, **TUS, "upload-length": "3"}
        )
        assert answer.json()["code"] == code, answer.text
        assert 400 <= answer.status_code < 500
        assert answer.headers["tus-resumable"] == "1.0.0"


async def test_a_unit_outside_the_cluster_puts_no_file_into_its_cycle(house: House) -> None:
    answer = await Sender(house, "SOE").begin(b"any")
    assert (answer.status_code, answer.json()["code"]) == (403, "UPLOAD_FORBIDDEN")


async def test_a_client_of_another_protocol_version_is_told_ours(sender: Sender) -> None:
    said = sender.said(b"any") | {"tus-resumable": "0.2.2", "upload-length": "3"}
    answer = await sender.house.http.post(UPLOADS, headers=said)
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")


async def test_an_upload_is_its_units_alone(sender: Sender) -> None:
    content = pdf(800, "mine")
    place = (await sender.begin(content)).headers["location"]
    other = Sender(sender.house, "SOC")
    assert (await other.part(place, content, 0)).status_code == 404
    assert (await other.house.http.get(place, headers=other.said(content))).status_code == 404


async def test_a_proxy_that_lets_only_post_through_is_no_hindrance(sender: Sender) -> None:
    content = pdf(700, "post")
    place = (await sender.begin(content)).headers["location"]
    headers = {
        **sender.said(content),
        "content-type": "application/offset+octet-stream",
        "upload-offset": "0",
        "x-http-method-override": "PATCH",
    }
    answer = await sender.house.http.post(place, content=content, headers=headers)
    assert answer.status_code == 204
    await sender.becomes(place, content, "recorded")


async def test_two_connections_do_not_write_into_one_upload(sender: Sender) -> None:
    content = pdf(900, "two")
    place = (await sender.begin(content)).headers["location"]
    begun, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:10]
        begun.set()
        await go.wait()
        yield content[10:]

    headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    slow = asyncio.create_task(
        sender.house.http.patch(
            place, content=slowly(), headers={**sender.said(content), **headers}
        )
    )
    await begun.wait()
    second = await sender.part(place, content, 0)
    assert (second.status_code, second.json()["code"]) == (423, "UPLOAD_BUSY")
    go.set()
    assert (await slow).status_code == 204


async def test_a_full_disk_keeps_what_came_and_the_upload_goes_on_later(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pdf(1_900_000, "full")
    place = (await sender.begin(content)).headers["location"]
    write = Spool.write

    def full(self: Spool, part: BinaryIO, piece: bytes) -> None:
        write(self, part, piece[:1000])
        raise StoreFullError(str(self.folder))

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "write", full)
        answer = await sender.part(place, content, 0)
        assert (answer.status_code, answer.json()["code"]) == (507, "EVIDENCE_STORE_FULL")
    have = await sender.offset(place, content)
    assert have == 1000
    assert (await sender.part(place, content, have)).status_code == 204
    await sender.becomes(place, content, "recorded")


async def test_only_the_cluster_and_its_authority_fetch_a_file_and_everybody_may_ask_for_it(
    sender: Sender,
) -> None:
    content = pdf(600, "fetch")
    _, place = await sender.put(content)
    await sender.becomes(place, content, "recorded")
    name = sha256(content)
    house = sender.house
    for unit in ("SOA", "SOB", "BNV"):
        assert (await Sender(house, unit).fetch(name)).content == content
    stranger = await Sender(house, "SOE").fetch(name)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "EVIDENCE_FORBIDDEN")
    assert (await house.http.get(f"/v1/evidence/{name}")).status_code == 400
    other = await Sender(house, "SOB").fetch(name, hash="0" * 64)
    assert other.json()["code"] == "UPLOAD_INVALID"
    answer = await house.http.head(f"/v1/evidence/{name}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await house.http.head(f"/v1/evidence/{'0' * 64}")).status_code == 404
    assert CYCLE not in str(answer.headers)
