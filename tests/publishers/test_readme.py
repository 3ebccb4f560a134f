"""What the library's README tells a province to do, done line by line against a running log."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from services.sandbox import _entries
from tests.publishers.running import running_log
from thidua.embedded import free_port
from thidua.knowledge import recorded_event
from thidua.publishing import DoorClient, Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.processes import System

README: Final = Path(__file__).parents[2] / "shared" / "README.md"
ORIGIN: Final = "so.example.vn/p0"
AUTHORITY: Final = "BVHTTDL"
UNIT: Final = {
    "unit": "LCA",
    "name_vi": "Sở Văn hóa, Thể thao và Du lịch Lào Cai",
    "short_vi": "Lào Cai",
    "kind": "culture-sports-tourism",
    "province": "LCA",
    "valid_from": "2015-01-01",
    "basis": "QĐ 1",
}


class Province:
    """A folder at a province, the log it publishes to, and the authority that registers its key."""

    def __init__(self, folder: Path, system: System, authority: Publisher) -> None:
        self.folder = folder
        self.system = system
        self.door = DoorClient(system.url("door"))
        self.authority = authority
        self.authority.heads["units"] = self.door.head(authority.kid, "units")
        self.line_is_down = False

    def authority_says(self, name: str, data: dict[str, Any]) -> None:
        wire_type = f"thidua.units.{name}.v1"
        jws = self.authority.sign(wire_type, AUTHORITY, data)
        reply = self.door.send(jws)
        assert reply.outcome == "recorded", reply.document
        self.authority.entered(wire_type, jws)

    def run(self, words: list[str], code: int) -> str:
        url = f"http://127.0.0.1:{free_port()}" if self.line_is_down else self.door.url
        places = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        done = subprocess.run(
            words,
            cwd=self.folder,
            env={**os.environ, **places, "THIDUA_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    home, folder = tmp_path / "log", tmp_path / "lca"
    home.mkdir()
    folder.mkdir()
    with running_log(home, origin=ORIGIN, authority=AUTHORITY) as (system, founding):
        speaker = Publisher(ORIGIN, f"/authorities/{AUTHORITY}", founding.root_kid, founding.root)
        province = Province(folder, system, speaker)
        yield province
        province.door.close()


def blocks() -> list[tuple[str, str, str]]:
    """The README's blocks: the words before each, its language, its text."""
    text = README.read_text(encoding="utf-8")
    found = re.findall(r"(.*?)^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(before, language, body) for before, language, body in found]


def commands(body: str) -> Iterator[tuple[list[str], str | None, int]]:
    """Each line as words, the file its output goes to, and its exit code."""
    for line in body.strip().splitlines():
        command, _, code = line.partition("  # exit code ")
        command, _, target = command.partition(" > ")
        yield shlex.split(command), target or None, int(code or 0)


@pytest.mark.publishers
@pytest.mark.timeout(900)
def test_what_the_readme_tells_a_province_to_do_works_as_it_stands(province: Province) -> None:
    thidua = str(Path(sys.executable).with_name("thidua"))
    province.authority_says("unit-registered", UNIT)
    for before, language, body in blocks():
        province.line_is_down = "When the line is down" in before or "stays down" in before
        settings = province.folder / "thidua.toml"
        if language == "toml" and settings.exists():
            settings.write_text(settings.read_text(encoding="utf-8") + body, encoding="utf-8")
        elif language == "toml":
            settings.write_text(body, encoding="utf-8")
            key = json.loads((province.folder / "lca.json").read_text(encoding="utf-8"))
            province.authority_says("key-registered", {**key, "owner": "/units/LCA"})
        if language == "json":
            (province.folder / "delegate.json").write_text(body, encoding="utf-8")
        if language == "python":
            told = body.replace(
                "find_identity({}, {}", "find_identity({}, dict(__import__('os').environ)"
            )
            assert province.run([sys.executable, "-c", told], 0).startswith("recorded ")
        if language == "sh":
            for words, target, code in commands(body):
                words[0] = thidua if words[0] == "thidua" else words[0]
                out = province.run(words, code)
                if target is not None:
                    (province.folder / target).write_text(out, encoding="utf-8")
    events = [recorded_event(one) for one in asyncio.run(_entries(province.system.redis_url))]
    said = [(event.id, event.kid) for event in events if event.source == "/units/LCA"]
    assert said == [
        ("delegate-2026-1", "LCA/2026-1"),
        ("delegate-2026-2", "LCA/2026-1"),
        ("rotate:LCA/2026-2", "LCA/2026-1"),
        ("delegate-2026-3", "LCA/2026-2"),
    ]
