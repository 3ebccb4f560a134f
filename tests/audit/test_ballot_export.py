"""``thidua ballot export``: the same ``.bel`` from every copy of the archive and from the log itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.ballots.secret.phieu_kin import NAME
from tests.reporting.web.test_secret_ballot import counted, entries
from thidua.audit.secret import archives_in
from thidua.cli.app import main
from thidua.cli.ballot import app
from thidua.cli.ballot_export import NoElectionError
from thidua.log import read_entry
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner, unsigned
from thidua.tlog.tiles import CHECKPOINT
from thidua.tlog.writing import TileWriter, write_whole
from thidua.voting.exporting import Archives
from thidua.voting.verifying import verify_archive

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "sandbox/test/p0"
CYCLE = "BVHTTDL/BGPB/2020"


@pytest.fixture
def copies(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two copies of the sealed log of a year with a secret ballot, the second with more, and their policy."""
    signer = NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))
    raw = [entry for _, entry in entries(counted()).raw]
    folders = []
    for name, size in (("mot", len(raw)), ("hai", len(raw) - 3)):
        folder = tmp_path / name
        writer = TileWriter(folder)
        writer.add(raw[:size])
        checkpoint = unsigned(ORIGIN, size, writer.write())
        note = checkpoint.signed(signer.line(checkpoint.text)).note.encode()
        write_whole(folder / CHECKPOINT, note)
        folders.append(folder)
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {signer.public.vkey}\nquorum none\n", encoding="utf-8")
    return folders[0], folders[1], policy


def test_every_copy_exports_the_same_bytes_as_the_log_itself(
    copies: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    exported = []
    for folder in copies[:2]:
        out = tmp_path / f"{folder.name}.bel"
        asked = ["export", f"{CYCLE}/{NAME}", str(folder), "--policy", str(copies[2])]
        told = CliRunner().invoke(app, [*asked, "--out", str(out)])
        assert told.exit_code == 0, told.output
        exported.append(out.read_bytes())
        assert str(len(exported[-1])) in told.output
    assert exported[0] == exported[1]

    of_story = Archives()
    for event in counted().story.events:
        of_story.take(event)
    found = of_story.get(CYCLE, NAME)
    assert found is not None
    assert exported[0] == found.bel
    verified = verify_archive(exported[0])
    assert verified.result == ((0, 7, 0, 6),)
    from_entries = archives_in(
        read_entry(at, raw) for at, (_, raw) in enumerate(entries(counted()).raw, 1)
    )
    again = from_entries.get(CYCLE, NAME)
    assert again is not None
    assert again.bel == found.bel


def test_a_ballot_that_is_not_there_is_named_with_those_that_are(
    copies: tuple[Path, Path, Path],
) -> None:
    asked = ["export", f"{CYCLE}/phieu-2", str(copies[0]), "--policy", str(copies[2])]
    told = CliRunner().invoke(app, asked)
    assert isinstance(told.exception, NoElectionError)
    assert f"{CYCLE}/{NAME}" in str(told.exception)


def test_a_file_that_cannot_be_written_ends_in_one_named_error(
    copies: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["ballot", "export", f"{CYCLE}/{NAME}", str(copies[0]), "--policy", str(copies[2])]
    monkeypatch.setattr(sys, "argv", ["thidua", *asked, "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "Kiểm tra đường dẫn" in capsys.readouterr().err
