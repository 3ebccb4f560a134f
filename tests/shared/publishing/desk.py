"""A desk of a person on duty: a folder with settings and a key, the command, and a door that may be away."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.shared.publishing.pretend import PretendDoor

AWAY = "http://127.0.0.1:9"
EVENT: dict[str, Any] = {
    "id": "e-1",
    "type": "thidua.units.report-submitted.v1",
    "subject": "BNV/KHOI/2026",
    "data": {"unit": "SOA", "kind": "yearly"},
}


@dataclass
class Told:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        assert document["schema_version"] == 1
        return document


@dataclass
class Desk:
    """A folder with settings, a key and a door that may be away."""

    folder: Path
    run: Callable[..., Told]
    door: PretendDoor
    receipts: dict[str, str] = field(default_factory=dict)

    def event(self, name: str = "event.json", **changed: Any) -> str:
        document = {**EVENT, **changed}
        path = self.folder / name
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return str(path)

    def events(self, *ids: str) -> str:
        path = self.folder / "events.json"
        path.write_text(json.dumps({"events": [{**EVENT, "id": one} for one in ids]}))
        return str(path)
