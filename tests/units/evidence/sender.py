"""A unit that uploads over raw HTTP, header by header, as any tus client would."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.units.door.house import CYCLE, until
from thidua.evidence import DownloadStatement, UploadStatement, say

if TYPE_CHECKING:
    import httpx

    from tests.units.door.house import House

UPLOADS = "/v1/evidence/uploads"
TUS = {"tus-resumable": "1.0.0"}
STORED = "thidua.units.evidence-stored.v1"


@dataclass(slots=True)
class Sender:
    """One unit's hands on the store; ``said`` is the Authorization header of a statement."""

    house: House
    unit: str

    def said(self, content: bytes, **changed: Any) -> dict[str, str]:
        """What the unit says of a file, with members changed."""
        statement = {
            "aud": self.house.founding.origin,
            "unit": self.unit,
            "subject": CYCLE,
            "hash": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "name": "Báo cáo.pdf",
            "exp": int(time.time()) + 600,
            **changed,
        }
        key = self.house.publishers[self.unit]
        return {
            "authorization": say(UploadStatement.model_validate(statement), key.key, key.kid),
            **TUS,
        }

    async def begin(self, content: bytes, **changed: Any) -> httpx.Response:
        """Begin an upload."""
        said = self.said(content, **changed)
        size = changed.get("size", len(content))
        return await self.house.http.post(UPLOADS, headers={**said, "upload-length": str(size)})

    async def part(
        self, place: str, content: bytes, offset: int, size: int | None = None, **headers: str
    ) -> httpx.Response:
        """Send a part of a file."""
        end = None if size is None else offset + size
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {
            "content-type": "application/offset+octet-stream",
            "upload-offset": str(offset),
            **self.said(content),
            **given,
        }
        return await self.house.http.patch(place, content=content[offset:end], headers=given)

    async def put(self, content: bytes, **changed: Any) -> tuple[httpx.Response, str]:
        """Send a whole file at once; the answer to its last part, and its address."""
        begun = await self.begin(content, **changed)
        assert begun.status_code == 201, begun.text
        place = begun.headers["location"]
        said = {
            "content-type": "application/offset+octet-stream",
            "upload-offset": "0",
            **self.said(content, **changed),
        }
        return await self.house.http.patch(place, content=content, headers=said), place

    async def offset(self, place: str, content: bytes) -> int:
        """Where an upload stands."""
        answer = await self.house.http.head(place, headers=self.said(content))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        return int(answer.headers["upload-offset"])

    async def becomes(self, place: str, content: bytes, state: str, **changed: Any) -> Any:
        """What is told of an upload once it is in a state."""
        told: dict[str, Any] = {}

        async def there() -> bool:
            answer = await self.house.http.get(place, headers=self.said(content, **changed))
            told.clear()
            told.update(answer.json())
            return told.get("state") == state

        await until(there, f"not {state}: {told}")
        return told

    async def fetch(self, sha256: str, **changed: Any) -> httpx.Response:
        """Ask for a file."""
        statement = {
            "aud": self.house.founding.origin,
            "hash": sha256,
            "exp": int(time.time()) + 600,
            **changed,
        }
        key = self.house.publishers[self.unit]
        said = say(DownloadStatement.model_validate(statement), key.key, key.kid)
        return await self.house.http.get(f"/v1/evidence/{sha256}", headers={"authorization": said})
