"""The door as a client hears it: a 'not now' is never taken for an answer about the log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from thidua.knowledge import ChainHead
from thidua.publishing import DoorBusyError, DoorClient, DoorUnreachableError, NoReceiptError

BUSY = {"code": "BUSY", "retryable": True, "outcome": "answered"}
TOKENS = ["a.b.c", "d.e.f"]


def door(status: int, document: Any, **headers: str) -> DoorClient:
    def answer(_: httpx.Request) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, json=document, headers=given)

    client = DoorClient("http://door.test")
    client._http = httpx.Client(base_url=client.url, transport=httpx.MockTransport(answer))
    return client


def test_a_busy_door_does_not_say_that_a_chain_has_not_begun() -> None:
    with pytest.raises(DoorBusyError) as told:
        door(503, BUSY, retry_after="7").head("SOA/1", "units")
    assert (told.value.code, told.value.seconds) == ("BUSY", 7.0)
    begun = {"kid": "SOA/1", "heads": {"units": {"seq": 0, "hash": None}}}
    assert door(200, begun).head("SOA/1", "units") == ChainHead()


@pytest.mark.parametrize(
    "told", [(503, BUSY), (429, {"code": "RATE_LIMITED"}), (200, {"results": [BUSY]})]
)
def test_an_answer_to_a_whole_batch_is_no_answer_to_its_events(told: tuple[int, Any]) -> None:
    with pytest.raises(DoorBusyError):
        door(*told).send_all(TOKENS)


def test_each_event_of_a_batch_has_its_own_reply() -> None:
    results = [
        {"http_status": 200, "outcome": "recorded", "position": 4},
        {"http_status": 202, "status": "pending"},
    ]
    first, second = door(200, {"results": results}).send_all(TOKENS)
    assert (first.in_log, second.in_log, second.is_pending) == (True, False, True)


@pytest.mark.parametrize("document", [[], "x", None])
def test_another_answer_than_an_object_is_no_answer(document: Any) -> None:
    with pytest.raises(DoorUnreachableError):
        door(200, document).receipt("a" * 43)


def test_a_door_without_a_signed_receipt_is_told_from_one_that_is_away() -> None:
    with pytest.raises(NoReceiptError):
        door(404, {"code": "RECEIPT_UNKNOWN"}).signed_receipt("a" * 43)
    with pytest.raises(DoorBusyError):
        door(503, BUSY).signed_receipt("a" * 43)
