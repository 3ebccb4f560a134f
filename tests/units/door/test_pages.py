"""Which pages' scripts may speak to the door: those it was told of, and no other."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from services.units.door_app import create_app
from services.units.door_settings import DoorSettings
from tests.units.door.house import REAL

PAGE = "https://bo-phieu.example.vn"


def door(origins: str) -> httpx.AsyncClient:
    url = SecretStr("redis://127.0.0.1:1/0")
    app = create_app(DoorSettings(origin=REAL, redis_url=url, page_origins=origins))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door")


async def ask(origins: str, page: str) -> tuple[str | None, str | None]:
    """What the door allows a page that asks before it sends, and one that reads an answer."""
    asked = {"origin": page, "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "content-type,prefer"
    async with door(origins) as http:
        before = await http.options("/v1/events", headers=asked)
        after = await http.get("/v1/refusals/NOT_FOUND", headers={"origin": page})
    allowed = "access-control-allow-origin"
    return before.headers.get(allowed), after.headers.get(allowed)


async def test_a_page_that_the_door_was_told_of_may_send_and_read() -> None:
    assert await ask(f"http://127.0.0.1:8083 {PAGE}", PAGE) == (PAGE, PAGE)


@pytest.mark.parametrize("page", ["https://example.vn", "http://bo-phieu.example.vn", "null"])
async def test_any_other_page_may_read_nothing(page: str) -> None:
    assert await ask(PAGE, page) == (None, None)


async def test_without_pages_the_door_allows_none() -> None:
    assert await ask("", PAGE) == (None, None)


@pytest.mark.parametrize("origins", ["*", "bo-phieu.example.vn", f"{PAGE}/", f"{PAGE},{PAGE}"])
def test_what_is_no_list_of_origins_is_refused(origins: str) -> None:
    with pytest.raises(ValidationError):
        DoorSettings(origin=REAL, page_origins=origins)
