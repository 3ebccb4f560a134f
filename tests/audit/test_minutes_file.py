"""``thidua minutes --docx``: the Word file of a sealed log, the same to the byte as the public page gives."""

from __future__ import annotations

import json
import resource
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest

from services.auditing.minuting import PaperNotWrittenError, write_paper
from services.reporting.database import open_engine
from services.reporting.following import Projector
from tests.audit.copies import Copy
from tests.audit.test_replay import run
from tests.ballots.secret.phieu_kin import NAME
from tests.reporting.archives import archive_in
from tests.reporting.web.conftest import site_on
from tests.reporting.web.test_secret_ballot import counted, entries
from tests.reporting.word_files import read_word
from thidua.tlog.policy import Policy

if TYPE_CHECKING:
    from pathlib import Path

CYCLE = "BVHTTDL/BGPB/2020"
BALLOT = (CYCLE, "phieu-1")


async def published(copy: Copy, folder: Path, query: str = "", ballot: str = "phieu-1") -> bytes:
    """What the site over the same archive gives."""
    engine = open_engine(f"sqlite:///{folder}/read.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(list(enumerate(copy.entries(), 1)))
    transport = httpx.ASGITransport(site_on(engine, copy.folder.parent))
    path = f"/nam/{CYCLE}/bo-phieu/{ballot}/bien-ban.docx{query}"
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        answer = await client.get(path)
    engine.dispose()
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_the_file_from_a_copy_is_the_published_one_to_the_byte(
    year_folder: Copy, tmp_path: Path
) -> None:
    path = tmp_path / "bien-ban.docx"
    result = run(year_folder, tmp_path, "minutes", *BALLOT, "--docx", str(path))
    assert result.exit_code == 0, result.output
    raw = path.read_bytes()
    assert f"{path}\tSHA-256 {sha256(raw).hexdigest()}" in result.stdout
    assert raw == await published(year_folder, tmp_path)
    file = read_word(raw)
    assert file.foot[0].endswith(f"số liệu đến vị trí {year_folder.size}.")
    assert "THỬ NGHIỆM" in file.foot[2]


async def test_at_an_earlier_position_it_is_the_one_published_then(
    year_folder: Copy, year_copy: Copy, tmp_path: Path
) -> None:
    path = tmp_path / "bien-ban.docx"
    at = year_folder.size - 10
    arguments = (*BALLOT, "--at", str(at), "--docx", str(path), "--json")
    result = run(year_folder, tmp_path, "minutes", *arguments)
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)["docx"]
    assert made == {"file": str(path), "sha256": sha256(path.read_bytes()).hexdigest()}
    assert path.read_bytes() == await published(year_folder, tmp_path, f"?as_of={at}")
    year_copy.sealed_again(year_copy.entries()[:at])
    shorter = tmp_path / "shorter"
    shorter.mkdir()
    assert path.read_bytes() == await published(year_copy, shorter)


async def test_of_a_secret_ballot_too_it_is_the_published_one_box_and_trackers_included(
    tmp_path: Path,
) -> None:
    archive = archive_in(tmp_path)
    archive.seal(entries(counted()).raw)
    archive.stop()
    copy = Copy(archive.public, archive.signer, Policy(archive.signer.public))
    path = tmp_path / "bien-ban.docx"
    result = run(copy, tmp_path, "minutes", CYCLE, NAME, "--docx", str(path))
    assert result.exit_code == 0, result.output
    assert path.read_bytes() == await published(copy, tmp_path, ballot=NAME)
    assert "Tệp hòm phiếu (.bel, " in read_word(path.read_bytes()).text


def test_a_file_that_is_there_is_never_overwritten(year_folder: Copy, tmp_path: Path) -> None:
    path = tmp_path / "bien-ban.docx"
    path.write_bytes("đã ký".encode())
    result = run(year_folder, tmp_path, "minutes", *BALLOT, "--docx", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}: đã có, không ghi đè" in result.stderr
    assert path.read_bytes() == "đã ký".encode()


@pytest.mark.parametrize("where", ["khong-co/bien-ban.docx", "."])
def test_a_place_that_cannot_be_written_is_named(
    year_folder: Copy, tmp_path: Path, where: str
) -> None:
    path = tmp_path / where
    result = run(year_folder, tmp_path, "minutes", *BALLOT, "--docx", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{path}: ")


def test_what_a_full_disk_leaves_of_a_file_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "bien-ban.docx"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, limits[1]))
    try:
        with pytest.raises(PaperNotWrittenError, match="không ghi được"):
            write_paper(path, b"0" * 80)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not path.exists()


def test_where_there_are_no_minutes_no_file_is_made(year_folder: Copy, tmp_path: Path) -> None:
    path = tmp_path / "bien-ban.docx"
    result = run(year_folder, tmp_path, "minutes", CYCLE, "khac", "--docx", str(path))
    assert result.exit_code == 2
    assert not path.exists()
