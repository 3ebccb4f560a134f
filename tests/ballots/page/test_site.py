"""What the ballots service gives browsers: files that may load and run nothing from elsewhere, and a tracker as QR."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from services.ballots.app import BallotsSettings
from services.ballots.page.site import STATIC, page_routes

DOOR = "https://so.example.vn"
FILES = sorted(path.name for path in STATIC.iterdir())


def ask(path: str, query: str = "", *, method: str = "GET", found: Any = None) -> Any:
    """Status, headers and body that the page's routes answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    routes: dict[str, Any] = dict(page_routes(lambda *_: found, lambda *_: found, list, DOOR))
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    asyncio.run(routes[path](scope, None, send))
    start, body = sent
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, body["body"]


@pytest.mark.parametrize("name", [*(f"/{name}" for name in FILES), ""])
def test_every_file_may_load_and_run_only_what_comes_from_here_and_talk_to_the_door(
    name: str,
) -> None:
    status, headers, body = ask(f"/bo-phieu{name}")
    assert status == 200
    assert body
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "worker-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {DOOR}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_another_place_or_carries_script_or_style_in_its_markup(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text) in ([], ["http://www.w3.org"])
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    if name.endswith(".html"):
        assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)


def test_the_whole_page_is_smaller_than_100_kb() -> None:
    assert sum(path.stat().st_size for path in STATIC.iterdir()) < 100_000


def test_no_route_takes_anything_in() -> None:
    for path, _ in page_routes(lambda *_: {}, lambda *_: {}, list, ""):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert ask(path, method=method)[0] == 405


def test_a_ballot_that_is_not_there_is_a_problem_in_both_languages() -> None:
    status, headers, body = ask("/bo-phieu/cuoc.json", "nam=A/B/2026&phieu=x")
    document = json.loads(body)
    assert (status, document["code"]) == (404, "NOT_FOUND")
    assert headers["content-type"] == "application/problem+json"
    assert document["title_vi"]
    assert document["title_en"]


@pytest.mark.parametrize(
    "query", ["", "nam=A", "nam=A&nam=B&phieu=x", "nam=%ff&phieu=%00", "&&&=;"]
)
def test_a_malformed_question_for_a_ballot_is_answered_as_not_found(query: str) -> None:
    assert ask("/bo-phieu/cuoc.json", query)[0] == 404


def test_what_the_box_holds_under_a_tracker_is_told_and_of_no_ballot_that_is_not_there() -> None:
    told = {"fingerprint": "F", "position": 7, "vote": None}
    asked = f"nam=A/B/2026&phieu=x&ma={'A' * 43}"
    status, headers, body = ask("/bo-phieu/hom.json", asked, found=told)
    assert (status, json.loads(body), headers["cache-control"]) == (200, told, "no-cache")
    status, _, body = ask("/bo-phieu/hom.json", asked)
    assert (status, json.loads(body)["code"]) == (404, "NOT_FOUND")
    for wrong in ("", "A" * 42, "A" * 42 + "-", "A" * 9000):
        status, _, body = ask("/bo-phieu/hom.json", f"nam=A/B/2026&phieu=x&ma={wrong}", found=told)
        assert (status, json.loads(body)["code"]) == (400, "REQUEST_INVALID")


def test_without_a_running_ballot_the_list_is_empty() -> None:
    status, headers, body = ask("/bo-phieu/cac-cuoc.json")
    assert (status, json.loads(body)) == (200, {"running": []})
    assert headers["content-type"] == "application/json"


def test_a_tracker_is_drawn_as_a_qr_code() -> None:
    tracker = "DKh3ycRoeg5MC0ndLHEnI8v1hhsLoVgS49yhGcP%2B3m8"
    status, headers, body = ask("/bo-phieu/ma-theo-doi.svg", f"ma={tracker}")
    assert (status, headers["content-type"]) == (200, "image/svg+xml")
    assert body.startswith(b"<?xml")
    other = ask("/bo-phieu/ma-theo-doi.svg", f"ma={tracker[:-1]}9")[2]
    assert other != body


@pytest.mark.parametrize(
    "given", ["", "A" * 42, "A" * 44, "A" * 42 + "<", "https://example.vn", "A" * 9000]
)
def test_what_is_no_tracker_is_not_drawn(given: str) -> None:
    status, _, body = ask("/bo-phieu/ma-theo-doi.svg", f"ma={given}")
    assert (status, json.loads(body)["code"]) == (400, "REQUEST_INVALID")


@pytest.mark.parametrize(
    "url",
    [
        "so.example.vn",
        "javascript:0",
        "https://so.example.vn; script-src *",
        "http://a b",
        "https://a'b",
    ],
)
def test_an_address_of_the_door_that_could_widen_the_policy_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        BallotsSettings(origin="so/p0", signing_key="x", door_url=url)
