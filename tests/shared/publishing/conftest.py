"""The desk that the tests of the commands sit at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.shared.publishing.desk import Desk, Told
from tests.shared.publishing.pretend import KEY, ORIGIN, PretendDoor
from tests.shared.publishing.serving import served
from thidua.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "soa.pem").write_bytes(KEY.to_pem())

    def run(*words: str) -> Told:
        made: list[httpx.Client] = []

        class Watched(httpx.Client):
            def __init__(self, **options: Any) -> None:
                super().__init__(**options)
                made.append(self)

        monkeypatch.setattr(sys, "argv", ["thidua", *words])
        monkeypatch.setattr(httpx, "Client", Watched)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.main()
        said = capsys.readouterr()
        assert all(client.is_closed for client in made), "a command closes its connections"
        return Told(int(ended.value.code or 0), said.out, said.err)

    desk = Desk(tmp_path, run, PretendDoor())
    with served(desk.door, desk.receipts) as url:
        (tmp_path / "thidua.toml").write_text(
            f'origin = "{ORIGIN}"\nsource = "/units/SOA"\n# ours\nkid = "SOA/1"\nkey_file = "soa.pem"\nurl = "{url}"\n'
        )
        yield desk
